import CDogger

/// Which lines of scripts have run, counted over all the VMs that were made with it. On their thread only.
public final class Coverage {
    let counts: OpaquePointer

    public init() {
        guard let counts = dg_coverage_new() else { fatalError("there is no memory to count lines") }
        self.counts = counts
    }

    deinit { dg_coverage_free(counts) }

    public struct File: Equatable {
        /// As errors call it.
        public var name: String
        /// The lines that have something to run, in order, and how often each began to.
        public var lines: [(number: Int, hits: Int)]

        public init(name: String, lines: [(number: Int, hits: Int)]) {
            self.name = name
            self.lines = lines
        }

        public static func == (one: File, other: File) -> Bool {
            one.name == other.name && one.lines.elementsEqual(other.lines) { $0 == $1 }
        }
    }

    /// The files that were loaded, by their names.
    public var files: [File] {
        (0..<dg_coverage_count(counts)).map { index in
            var hits: UnsafePointer<Int64> = UnsafePointer(bitPattern: 8)!
            var count = 0
            let name = String(cString: dg_coverage_file(counts, index, &hits, &count))
            let lines = UnsafeBufferPointer(start: hits, count: count).enumerated().filter { $0.element >= 0 }
            return File(name: name, lines: lines.map { (number: $0.offset, hits: Int($0.element)) })
        }.sorted { $0.name < $1.name }
    }
}

/// Around the use of another VM in the midst of a host call: the script that called is not charged for it.
public func withDeadlinePaused<Result>(_ body: () -> Result) -> Result {
    let paused = dg_deadline_pause()
    defer { dg_deadline_go_on(paused) }
    return body()
}
