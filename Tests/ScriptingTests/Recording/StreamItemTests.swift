import Testing

@testable import Scripting

struct StreamItemTests {
    /// A track on which each part came at its time, in milliseconds.
    private func track(_ parts: [(Int, [UInt8])], limit: Int = 1 << 20) -> Track {
        var track = Track(limit: limit)
        for (time, bytes) in parts { bytes.withUnsafeBytes { track.append($0, at: UInt64(time) * 1_000_000) } }
        return track
    }

    private func frame(_ stream: UInt8, _ text: String) -> [UInt8] {
        [stream, 0, 0, 0, 0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8)
    }

    private func described(_ track: Track) -> [String] {
        StreamItem.items(of: track).map { timed in
            let what =
                switch timed.item {
                case .stdout(let bytes): "out " + String(decoding: bytes, as: UTF8.self)
                case .stderr(let bytes): "err " + String(decoding: bytes, as: UTF8.self)
                case .json(let node): "json " + String(decoding: JSONText.compact(node), as: UTF8.self)
                case .raw(let bytes): "raw " + String(decoding: bytes, as: UTF8.self)
                }
            return "\(timed.time / 1_000_000) \(what)"
        }
    }

    @Test func framesAreTakenApartWhereverTheyWereSplit() {
        let bytes = frame(1, "one") + frame(2, "two") + frame(1, "") + frame(1, "three")
        for split in 1..<bytes.count {
            let items = described(track([(0, Array(bytes[..<split])), (50, Array(bytes[split...]))]))
            #expect(items.map { String($0.drop { $0 != " " }) } == [" out one", " err two", " out ", " out three"])
            #expect(items[0].hasPrefix(split >= 11 ? "0 " : "50 "))
            #expect(items[3].hasPrefix("50 "))
        }
    }

    @Test func whatBreaksOffAfterFramesIsRaw() {
        let items = described(track([(0, frame(1, "one") + [1, 0, 0, 0, 0, 0, 0, 9, 0x78])]))
        #expect(items == ["0 out one", "0 raw \u{1}\0\0\0\0\0\0\tx"])
    }

    @Test(arguments: [
        [3, 0, 0, 0, 0, 0, 0, 1, 0x61], [1, 0, 0, 1, 0, 0, 0, 1, 0x61], Array("$ ls\r\n".utf8), [1], [1, 0, 0, 0, 0, 0, 0, 5, 0x61],
    ] as [[UInt8]])
    func otherBytesStayBytes(_ bytes: [UInt8]) {
        #expect(StreamItem.items(of: track([(0, bytes)])).map(\.item) == [.raw(bytes)])
    }

    @Test func documentsHaveTheTimeOfTheirLastByte() {
        #expect(described(track([(0, Array("{\"a\":1}\n{\"b\"".utf8)), (70, Array(":2}\r\n".utf8)), (200, Array("[3]".utf8))]))
            == ["0 json {\"a\":1}", "70 json {\"b\":2}", "200 json [3]"])
    }

    @Test func textThatOnlyBeginsLikeADocumentStaysText() {
        #expect(described(track([(0, Array("{\"a\":1} and more".utf8))])) == ["0 raw {\"a\":1} and more"])
        #expect(described(track([(0, Array("[info] started\n".utf8)), (50, Array("[info] done\n".utf8))]))
            == ["0 raw [info] started\n", "50 raw [info] done\n"])
    }

    @Test func whatComesTogetherIsOneRun() {
        let track = track([(0, Array("a".utf8)), (9, Array("b".utf8)), (10, Array("c".utf8)), (15, Array("d".utf8))])
        #expect(described(track) == ["0 raw ab", "10 raw cd"])
    }

    @Test func pastItsLimitATrackOnlyCounts() {
        let track = track([(0, Array("abc".utf8)), (50, Array("defg".utf8)), (90, Array("h".utf8))], limit: 5)
        #expect(track.isCut && track.count == 8)
        #expect(described(track) == ["0 raw abc", "50 raw de"])
    }
}
