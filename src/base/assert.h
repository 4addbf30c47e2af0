#pragma once
/// Fail-stop for bugs. On in every build: a node that has lost an invariant must not commit or answer.
namespace assay {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}
#define ASSAY_ASSERT(condition)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) [[unlikely]]                                                                                 \
            ::assay::assertion_failed(#condition, __FILE__, __LINE__);                                                 \
    } while (false)
