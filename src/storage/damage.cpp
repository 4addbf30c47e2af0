#include "storage/damage.h"

#include <csignal>
#include <cstring>
#include <mutex>
#include <unistd.h>

namespace assay::storage {
namespace {

constinit thread_local const char* database_in_use = nullptr;
struct sigaction segv_before;
struct sigaction bus_before;

/// Only what a signal handler may call.
void print(const char* text) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
}

void on_fault(int signal, siginfo_t*, void*) {
    if (database_in_use != nullptr)
        stop_for_damage(database_in_use,
                        signal == SIGBUS ? "a page cannot be read from the disk" : "a page points to where no page is");
    // The instruction runs again, and faults again under the handler of before.
    ::sigaction(signal, signal == SIGBUS ? &bus_before : &segv_before, nullptr);
}

} // namespace

void stop_for_damage(const char* path, const char* what) {
    for (const char* part :
         {"error: ", path, ": the database is damaged: ", what, "; check it off line and restore a snapshot or copy\n"})
        print(part);
    ::_exit(kDamageExitStatus);
}

DamageGuard::DamageGuard(const char* path) : before_(database_in_use) { database_in_use = path; }
DamageGuard::~DamageGuard() { database_in_use = before_; }

void install_damage_handlers() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action{};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        ::sigaction(SIGSEGV, &action, &segv_before);
        ::sigaction(SIGBUS, &action, &bus_before);
    });
}

} // namespace assay::storage
