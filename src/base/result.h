#pragma once
/// Results of operations that can fail for reasons outside the program (files, requests, peers).
/// Bugs do not travel here: they stop the process through ASSAY_ASSERT (assert.h).
/// Thread-safe: plain values.
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace assay {

/// What kind of failure; callers branch on it, people read the message.
enum class ErrorCode {
    invalid_argument,   ///< a caller or user passed a value outside its documented range
    malformed,          ///< bytes do not follow their format; the message names the field
    unsupported,        ///< well-formed, but outside what this build handles; the message says what is
    not_found,          ///< a file, tensor, key or model that is not there
    io,                 ///< the operating system refused
    resource_exhausted, ///< a limit of ours (queue, cache, size) is reached
    cancelled,          ///< the caller asked to stop
    internal,           ///< a result that must not happen and was caught (a NaN logit, say)
};

/// Lower-case name of a code, for logs and JSON.
std::string_view to_string(ErrorCode code);

/// One failure: a code to branch on and one line, without newline, that names what is wrong.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::malformed, "tensor count 99 exceeds limit 10");`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected<Error>(Error{code, std::move(message)});
}

/// Prefixes the message: `model.gguf: tensor 'x': offset 17 is not a multiple of 32`.
[[nodiscard]] inline std::unexpected<Error> fail_in(std::string_view where, Error error) {
    error.message = std::string(where) + ": " + error.message;
    return std::unexpected<Error>(std::move(error));
}

} // namespace assay

/// Evaluates to the value of `expression`, or returns its error from the enclosing function.
#define TRY(expression)                                                                                                \
    __extension__({                                                                                                    \
        auto try_result_ = (expression);                                                                               \
        if (!try_result_) return ::std::unexpected(::std::move(try_result_.error()));                                  \
        ::std::move(*try_result_);                                                                                     \
    })

/// TRY for Result<void>.
#define TRY_VOID(expression)                                                                                           \
    do {                                                                                                               \
        auto try_result_ = (expression);                                                                               \
        if (!try_result_) return ::std::unexpected(::std::move(try_result_.error()));                                  \
    } while (false)
