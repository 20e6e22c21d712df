import CDogger
import EventLoop
import Scripting

/// `dogger --version --verbose`.
enum Version {
    /// What this is made of, and what of the kernel's means holds in a worker on this machine.
    static func verbose() throws(SystemError) -> String {
        let held = try Confinement.probe()
        return """
            dogger \(DoggerVersion.number)
            Lua \(String(cString: dg_lua_version()))
            A worker here is kept in by
              no_new_privs  \(held.hasNoNewPrivileges ? "yes" : "no: the kernel lacks it")
              Landlock      \(held.landlock > 0 ? "yes (ABI \(held.landlock))" : "no: the kernel lacks it, or has it switched off")
              seccomp       \(held.hasFilter ? "yes" : "no: the kernel lacks it, or forbids it here")
            """
    }
}
