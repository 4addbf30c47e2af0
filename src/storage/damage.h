#pragma once
/// What a damaged database does to the process: one line on standard error and exit status 74, never a wrong answer.
/// Internal to the room, but for the status. Thread-safe.

namespace assay::storage {

inline constexpr int kDamageExitStatus = 74; // EX_IOERR of sysexits.h

/// Prints "error: PATH: the database is damaged: WHAT …" and ends the process at once, destructors not run.
[[noreturn]] void stop_for_damage(const char* path, const char* what);

/// While one of these lives, a SIGSEGV or SIGBUS of this thread means that liblmdb followed a damaged page out of the
/// map, or that the disk could not read a page of it: stop_for_damage. Other such signals go where they went before.
class DamageGuard {
public:
    /// `path` must outlive the guard.
    explicit DamageGuard(const char* path);
    ~DamageGuard();
    DamageGuard(const DamageGuard&) = delete;
    DamageGuard& operator=(const DamageGuard&) = delete;

private:
    const char* before_;
};

/// Takes over both signals, once a process; called when an environment is opened.
void install_damage_handlers();

} // namespace assay::storage
