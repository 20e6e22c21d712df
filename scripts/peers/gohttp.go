// The three workloads in Go's net/http, without Lua: what a compiled handler costs.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
)

type port struct {
	IP          string `json:",omitempty"`
	PrivatePort int
	PublicPort  int `json:",omitempty"`
	Type        string
}

type container struct {
	Id         string
	Names      []string
	Image      string
	ImageID    string
	Command    string
	Created    int64
	Ports      []port
	Labels     map[string]string
	State      string
	Status     string
	HostConfig struct{ NetworkMode string }
}

func labels(service string) map[string]string {
	return map[string]string{"com.docker.compose.project": "shop", "com.docker.compose.service": service}
}

func containers() []container {
	list := []container{
		{
			Id:      "8dfafdbc3a40b3c1f2a9d0a7f3c5b1e4d6a8907c2b4e6f81a3c5d7e9f0b1d2c3",
			Names:   []string{"/web"},
			Image:   "nginx:1.27-alpine",
			ImageID: "sha256:1f2e3d4c5b6a79880716253443526170f9e8d7c6b5a49382716051423324150f",
			Command: "/docker-entrypoint.sh nginx -g 'daemon off;'",
			Created: 1764000000,
			Ports:   []port{{IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp"}},
			Labels:  labels("web"),
			State:   "running",
			Status:  "Up 2 hours",
		},
		{
			Id:      "9cd87474be90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f607182930",
			Names:   []string{"/api"},
			Image:   "shop/api:2026.11",
			ImageID: "sha256:a0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccddeeff",
			Command: "/srv/api --listen :9000",
			Created: 1763998800,
			Ports:   []port{{PrivatePort: 9000, Type: "tcp"}},
			Labels:  labels("api"),
			State:   "running",
			Status:  "Up 2 hours (healthy)",
		},
		{
			Id:      "4cb07b47f9fb00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796",
			Names:   []string{"/db"},
			Image:   "postgres:16",
			ImageID: "sha256:00ff11ee22dd33cc44bb55aa66997788778899665544332211aabbccddeeff00",
			Command: "docker-entrypoint.sh postgres",
			Created: 1763912400,
			Ports:   []port{{PrivatePort: 5432, Type: "tcp"}},
			Labels:  labels("db"),
			State:   "exited",
			Status:  "Exited (0) 3 minutes ago",
		},
	}
	for i := range list {
		list[i].HostConfig.NetworkMode = "shop_default"
	}
	return list
}

func main() {
	http.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "hello, docker\n")
	})
	http.HandleFunc("/containers/json", func(w http.ResponseWriter, r *http.Request) {
		body, err := json.Marshal(containers())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	})
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	})
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, nil))
}
