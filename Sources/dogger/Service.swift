import CDogger
import EventLoop
import Glibc
import Scripting
import Server
import Store

/// The worker's side: the handlers being served, from their loading to the end of the last request.
final class Service {
    private let loop: EventLoop
    private let log: Log
    private let server: Server
    private let reloader: Reloader
    private let upstream: Upstream?
    private var channel: Channel!
    /// Serves the inspector's page, where there is one.
    private var site: Server?
    private var isEnding = false

    /// What is served, and how.
    struct Plan {
        var handlers: [String]
        var scripting: ScriptingOptions
        var server: ServerOptions
        /// Where goes what no handler answers.
        var upstream: UpstreamAddress?
        /// Nanoseconds that requests under way get at the end.
        var grace: UInt64
        /// Say what of the kernel's means to keep scripts in is missing.
        var tellsGaps = true
    }

    /// The page that shows what goes by.
    struct Inspection {
        var listener: Listener
        var token: InspectorToken

        /// The page's address, for a browser.
        var address: String {
            guard case .tcp(let host, let port) = listener.address else { return listener.address.description }
            return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(token.text)/"
        }
    }

    /// The life of a worker: makes this process one, loads the handlers, serves until its parent says that it is enough.
    /// - Parameters:
    ///   - listeners: the parent's; its own memory of them is left alone, so that their files are not removed here.
    ///   - lastEnd: how the worker before this one ended, as a sentence, if there was one.
    ///   - channelEnd: what leads to the parent.
    ///   - names: where the parent tells how callers are called; with an inspection.
    static func live(
        _ plan: Plan, _ listeners: [Listener], _ inspection: Inspection?, lastEnd: String?, _ channelEnd: Int32, names: Int32?
    ) -> Never {
        let kept = (listeners + [inspection?.listener].compactMap(\.self)).map(\.descriptor)
        separate(keeping: kept + plan.scripting.store.descriptors + [channelEnd] + [names].compactMap(\.self))
        dg_report_to(channelEnd)
        let descriptors = Descriptor.raiseLimit()
        let held = Confinement(plan, replays: inspection != nil).enter()
        do {
            let loop = try EventLoop()
            let log = Log(2, loop, plan.scripting.logStyle)
            defer { log.flush() }
            if plan.tellsGaps { for gap in held.gaps { log.line(gap) } }
            var plan = plan
            plan.server.mostConnections = mostConnections(of: descriptors, hasUpstream: plan.upstream != nil)
            if let names {
                plan.scripting.inspector = Inspector(loop, lastEnd: lastEnd) { CallerNames.ask($0, over: names) }
            }
            let service = try Service(plan, loop, log, channelEnd)
            if let inspection, let inspector = plan.scripting.inspector { try service.serve(inspection, inspector) }
            for listener in listeners {
                try service.server.listen(Listener(adopting: listener.descriptor, isShared: listener.isShared))
            }
            log.flush()
            service.channel.send(.serving)
            dg_give_back_code()     // much of it was for the start
            // What is on the loop does not hold the service.
            try withExtendedLifetime(service) { try loop.run() }
        } catch {
            Channel.send(.failed, sentence(for: error, plan.scripting.logStyle), over: channelEnd)
            exit(1)
        }
        plan.scripting.store.close()
        exit(0)
    }

    /// How many clients leave enough descriptors for what their requests take: a connection to the upstream each, and some for the
    /// handlers' files and the servers that scripts ask.
    private static func mostConnections(of descriptors: UInt64, hasUpstream: Bool) -> Int {
        let rest = Int(clamping: descriptors - min(64, descriptors / 4))
        return max(1, hasUpstream ? rest / 2 : rest)
    }

    /// One line; behind it, where people look on, the script's lines that it is about.
    private static func sentence(for error: any Error, _ style: LogStyle) -> String {
        switch error {
        case let error as Reloader.StartError:
            if case .aligned = style, !error.excerpt.isEmpty { "\(error.message)\n\(error.excerpt)" } else { error.message }
        case let error as StoreError: Printable.text(error.message)
        default: Printable.text("\(error)")
        }
    }

    /// Cuts what this process shares with its parent, of whom it is a copy.
    private static func separate(keeping descriptors: [Int32]) {
        dg_die_with_parent()
        dg_name_process("dogger-worker")
        Descriptor.closeAll(except: descriptors)
        // A terminal, a service manager and `pkill` signal both processes: the parent is the one to act, and tells.
        for number in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }

    /// Loads the handlers.
    private init(_ plan: Plan, _ loop: EventLoop, _ log: Log, _ channelEnd: Int32) throws {
        self.loop = loop
        self.log = log
        var scripting = plan.scripting
        // What is wrong with a file is better told now than to the first client.
        if scripting.store.isFile { try scripting.store.open() }
        upstream = plan.upstream.map { Upstream(loop: loop, address: $0) }
        scripting.upstream = upstream
        reloader = try Reloader(plan.handlers, scripting, loop, log)
        server = Server(loop: loop, options: plan.server, handler: reloader.requestHandler)
        // Without a parent nobody can end it, so it ends; the kernel sees to that too, but not if the parent was the quicker.
        channel = try Channel(loop, end: channelEnd, onEnd: { exit(1) }) { [unowned self] in obey($0, $1) }
        reloader.whenKeptOut = { [unowned self] in
            // The next worker answers whoever comes now.
            server.holdListening()
            channel.send(.keptOut)
        }
    }

    /// Serves the inspector's page beside the handlers.
    private func serve(_ inspection: Inspection, _ inspector: Inspector) throws {
        inspector.server = server
        let site = Server(loop: loop, handler: InspectorSite(inspector, inspection.token))
        try site.listen(Listener(adopting: inspection.listener.descriptor, isShared: inspection.listener.isShared))
        self.site = site
    }

    private func obey(_ order: Channel.Kind, _ text: String) {
        switch order {
        case .end: end(by: UInt64(text) ?? 0)
        case .reload:
            reloader.reload()
            channel.send(.reloaded)
        case .stay: server.resumeListening()
        case .ping: channel.send(.alive)
        default: break
        }
    }

    /// - Parameter time: counts from the parent's order, though a script may have kept it waiting.
    private func end(by time: UInt64) {
        var isOver = false
        let now = EventLoop.clock()
        server.drain(upstream, grace: time > now ? time - now : 0) { [unowned self] in
            isOver = true
            log.tellCutOff(server)
            for line in reloader.requestHandler.summary { log.line("dogger: \(line)") }
            loop.stop()
        }
        guard !isEnding else { return }
        isEnding = true
        // Behind the drain's own beginning, which takes out the idle connections.
        loop.soon { [unowned self] in
            if !isOver, server.connectionCount > 0 {
                log.line("dogger: finishing the requests under way; a second signal cuts them off")
            }
        }
    }
}

extension Log {
    /// Nobody else tells of it: the clients see their connections closed, as at any fault.
    func tellCutOff(_ server: Server) {
        guard server.cutOff > 0 else { return }
        line("dogger: cut off \(server.cutOff == 1 ? "a request that was" : "\(server.cutOff) requests that were") still under way")
    }
}
