#include "node/machine.h"

#include <fstream>
#include <sstream>
#include <thread>

#include <sched.h>
#include <sys/resource.h>

namespace assay::node {
namespace {

/// The text after "NAME<blanks>:" in a file of such lines; empty when there is none.
std::string proc_field(const char* path, std::string_view name) {
    std::ifstream in(path);
    std::string line;
    while (std::getline(in, line)) {
        const auto colon = line.find(':');
        if (!line.starts_with(name) || colon == std::string::npos) continue;
        if (line.find_first_not_of(" \t", name.size()) != colon) continue;
        const auto begin = line.find_first_not_of(" \t", colon + 1);
        return begin == std::string::npos ? "" : line.substr(begin);
    }
    return "";
}

std::uint64_t proc_kilobytes(std::string_view name) {
    std::istringstream in(proc_field("/proc/meminfo", name));
    std::uint64_t kilobytes = 0;
    in >> kilobytes;
    return kilobytes * 1024;
}

} // namespace

std::string_view version() { return ASSAY_VERSION; }

std::string cpu_name() {
    for (const char* field : {"model name", "Model", "CPU part"}) {
        if (auto name = proc_field("/proc/cpuinfo", field); !name.empty()) return name;
    }
    return "unknown";
}

std::uint32_t cpu_count() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<std::uint32_t>(CPU_COUNT(&set));
    return std::max(1U, std::thread::hardware_concurrency());
}

MemoryFigures memory() { return {proc_kilobytes("MemTotal"), proc_kilobytes("MemAvailable")}; }

std::uint64_t peak_resident_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

} // namespace assay::node
