/// A file of the inspector's page: those in `web/`, which the build puts into the binary.
struct WebFile {
    var type: StaticString
    var bytes: [UInt8]

    /// By the name that the page has for it.
    static let all: [String: WebFile] = [
        "": WebFile(type: "text/html; charset=utf-8", bytes: PackageResources.index_html),
        "style.css": WebFile(type: "text/css; charset=utf-8", bytes: PackageResources.style_css),
        "icon.svg": WebFile(type: "image/svg+xml", bytes: PackageResources.icon_svg),
        "app.js": script(PackageResources.app_js),
        "body.js": script(PackageResources.body_js),
        "curl.js": script(PackageResources.curl_js),
        "detail.js": script(PackageResources.detail_js),
        "dom.js": script(PackageResources.dom_js),
        "format.js": script(PackageResources.format_js),
        "list.js": script(PackageResources.list_js),
        "messages.js": script(PackageResources.messages_js),
    ]

    private static func script(_ bytes: [UInt8]) -> WebFile { WebFile(type: "text/javascript; charset=utf-8", bytes: bytes) }
}
