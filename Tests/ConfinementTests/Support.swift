import Glibc

/// Runs calls on a thread of its own, and waits for them. What it gives up, that thread alone gives up.
/// - Parameters:
///   - meanwhile: done on the caller's thread, after `prepare`.
///   - prepare: done first on the new thread; what it gives is the result, and nothing more is done.
func onThread<Result>(meanwhile: () -> Void = {}, prepare: @escaping () -> Result? = { nil }, _ calls: @escaping () -> Result) -> Result {
    var result: Result?
    let job = Job()
    job.run = {
        result = prepare()
        sem_post(job.isPrepared)
        sem_wait(job.mayGoOn)
        if result == nil { result = calls() }
    }
    var thread = pthread_t()
    precondition(pthread_create(&thread, nil, { job in
        Unmanaged<Job>.fromOpaque(job!).takeUnretainedValue().run()
        return nil
    }, Unmanaged.passUnretained(job).toOpaque()) == 0)
    sem_wait(job.isPrepared)
    meanwhile()
    sem_post(job.mayGoOn)
    pthread_join(thread, nil)
    job.run = {}
    return result!
}

private final class Job {
    var run: () -> Void = {}
    let isPrepared = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    let mayGoOn = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { for semaphore in [isPrepared, mayGoOn] { sem_init(semaphore, 0, 0) } }

    deinit { for semaphore in [isPrepared, mayGoOn] { semaphore.deallocate() } }
}

/// The error of a call that gives a descriptor, or -1; a descriptor is closed.
func fault(of descriptor: Int32) -> Int32 {
    guard descriptor >= 0 else { return errno }
    close(descriptor)
    return 0
}
