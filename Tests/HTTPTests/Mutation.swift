/// A message with one to three random damages: a byte changed, some removed, some repeated, or a splice put in.
func mutate(_ seed: [UInt8], splices: [[UInt8]], using random: inout some RandomNumberGenerator) -> [UInt8] {
    var message = seed
    for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0...message.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0 where place < message.count: message[place] = UInt8.random(in: 0...255, using: &random)
        case 1 where place < message.count: message[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2 where place < message.count:
            message.removeSubrange(place..<min(message.count, place + Int.random(in: 1...8, using: &random)))
        case 3: message.insert(contentsOf: message.prefix(Int.random(in: 0...40, using: &random)), at: place)
        default: message.insert(contentsOf: splices.randomElement(using: &random) ?? [], at: place)
        }
    }
    return message
}
