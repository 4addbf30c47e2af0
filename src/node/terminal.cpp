#include "node/terminal.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>

#include <unistd.h>

namespace assay::node {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr int kBarWidth = 28;

template <class... Values>
std::string print(const char* format, Values... values) {
    std::array<char, 96> text{};
    const int length = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), static_cast<std::size_t>(std::clamp(length, 0, static_cast<int>(text.size()) - 1))};
}

std::string bar(double share) {
    const int full = static_cast<int>(share * kBarWidth);
    std::string text;
    for (int i = 0; i < kBarWidth; ++i) text += i < full ? "█" : "░";
    return text;
}

} // namespace

std::string format_bytes(std::uint64_t bytes) {
    const double value = static_cast<double>(bytes);
    if (value >= 1e9) return print("%.1f GB", value / 1e9);
    if (value >= 1e6) return print("%.0f MB", value / 1e6);
    if (value >= 1e3) return print("%.0f kB", value / 1e3);
    return print("%.0f B", value);
}

std::string format_seconds(double seconds) {
    if (seconds < 1) return print("%.0f ms", seconds * 1e3);
    if (seconds < 60) return print("%.1f s", seconds);
    const int whole = static_cast<int>(seconds);
    return print("%d min %02d s", whole / 60, whole % 60);
}

std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
}

bool is_terminal(int descriptor) { return isatty(descriptor) == 1; }

struct Progress::State {
    std::mutex mutex;
    std::string what;
    Style style;
    Unit unit;
    Clock::time_point begun = Clock::now();
    Clock::time_point drawn{};
    std::uint64_t all = 0;
    bool begun_line = false;
    bool finished = false;

    std::string amount(std::uint64_t number) const {
        return unit == Unit::bytes ? format_bytes(number) : std::to_string(number);
    }

    void report(std::uint64_t done, std::uint64_t size) {
        const std::lock_guard lock(mutex);
        if (finished || style == Style::silent) return;
        all = size;
        if (style == Style::bar) draw(done);
        if (style == Style::lines && !begun_line) std::fprintf(stderr, "%s (%s)\n", what.c_str(), amount(all).c_str());
        begun_line = true;
    }

    void draw(std::uint64_t done) {
        const auto now = Clock::now();
        if (now - drawn < kRedrawEvery && done != all) return;
        drawn = now;
        const double share = all == 0 ? 0 : static_cast<double>(std::min(done, all)) / static_cast<double>(all);
        const double elapsed = std::chrono::duration<double>(now - begun).count();
        std::string left;
        if (share > 0.02 && share < 1 && elapsed > 0.5)
            left = ", " + format_seconds(elapsed / share * (1 - share)) + " left";
        std::fprintf(stderr, "\r\033[K%s  %s %3.0f %%  %s of %s%s", what.c_str(), bar(share).c_str(), share * 100,
                     amount(done).c_str(), amount(all).c_str(), left.c_str());
        std::fflush(stderr);
    }
};

Progress::Progress(std::string what, Style style, Unit unit) : state_(std::make_shared<State>()) {
    if (style == Style::automatic) style = is_terminal(STDERR_FILENO) ? Style::bar : Style::lines;
    state_->what = std::move(what);
    state_->style = style;
    state_->unit = unit;
}

Progress::~Progress() {
    const std::lock_guard lock(state_->mutex);
    if (!state_->finished && state_->style == Style::bar && state_->begun_line) std::fputs("\r\033[K", stderr);
    state_->finished = true;
}

void Progress::report(std::uint64_t done, std::uint64_t all) { state_->report(done, all); }

void Progress::finish() {
    const std::lock_guard lock(state_->mutex);
    if (state_->finished || state_->style == Style::silent) return;
    state_->finished = true;
    const double elapsed = std::chrono::duration<double>(Clock::now() - state_->begun).count();
    std::fprintf(stderr, "%s%s: %s in %s\n", state_->style == Style::bar ? "\r\033[K" : "", state_->what.c_str(),
                 state_->amount(state_->all).c_str(), format_seconds(elapsed).c_str());
}

std::function<void(std::uint64_t, std::uint64_t)> Progress::callback() {
    return [state = state_](std::uint64_t done, std::uint64_t all) { state->report(done, all); };
}

} // namespace assay::node
