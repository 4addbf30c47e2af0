#define ASSAY_FAULT_POINTS
#include "base/fault_point.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace assay {
namespace {

struct Choice {
    std::string name;
    unsigned long passes = 1;
};

Choice chosen() {
    const char* const text = std::getenv("ASSAY_FAULT_POINT");
    if (text == nullptr) return {};
    Choice choice{.name = text};
    if (const auto colon = choice.name.find(':'); colon != std::string::npos) {
        choice.passes = std::strtoul(choice.name.c_str() + colon + 1, nullptr, 10);
        choice.name.resize(colon);
    }
    return choice;
}

} // namespace

void fault_point(const char* name) {
    static const Choice choice = chosen();
    static std::atomic<unsigned long> passed = 0;
    if (choice.name == name && ++passed == choice.passes) std::raise(SIGKILL);
}

} // namespace assay
