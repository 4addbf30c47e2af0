#include "engine/stop_texts.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace assay::engine {
namespace {

TEST(StopTexts, HoldBackWhatMayBecomeOne) {
    StopTexts stops({"END", "\n\n"});
    EXPECT_EQ(stops.push("one E").text, "one ");
    EXPECT_EQ(stops.push("N").text, "");
    EXPECT_EQ(stops.push("T\n").text, "ENT");
    const auto last = stops.push("\nmore");
    EXPECT_EQ(last.text, "");
    EXPECT_TRUE(last.stopped);
    EXPECT_EQ(stops.finish(), "");
}

TEST(StopTexts, GiveBackWhatWasNone) {
    StopTexts stops({"END"});
    EXPECT_EQ(stops.push("the EN").text, "the ");
    EXPECT_EQ(stops.finish(), "EN");
}

TEST(StopTexts, OfThoseEndingTogetherTheLongestCounts) {
    StopTexts stops({"c", "abc"});
    const auto piece = stops.push("xabcd");
    EXPECT_TRUE(piece.stopped);
    EXPECT_EQ(piece.text, "x");
}

TEST(StopTexts, DoNotDependOnHowTheTextIsCut) {
    EXPECT_TRUE(rc::check([] {
        const auto letters = rc::gen::element('a', 'b');
        const auto text = *rc::gen::container<std::string>(letters);
        std::vector<std::string> texts;
        for (int i = *rc::gen::inRange(0, 3); i >= 0; --i)
            texts.push_back(*rc::gen::nonEmpty(rc::gen::container<std::string>(letters)));
        std::size_t end = text.size() + 1;
        std::size_t begin = text.size();
        for (const auto& stop : texts) {
            const std::size_t at = text.find(stop);
            if (at == std::string::npos || at + stop.size() > end) continue;
            begin = at + stop.size() < end ? at : std::min(begin, at);
            end = at + stop.size();
        }
        StopTexts stops(texts);
        std::string shown;
        bool stopped = false;
        for (std::size_t at = 0; at < text.size() && !stopped;) {
            const auto size = *rc::gen::inRange<std::size_t>(1, text.size() - at + 1);
            const auto piece = stops.push(std::string_view(text).substr(at, size));
            shown += piece.text;
            stopped = piece.stopped;
            at += size;
        }
        if (!stopped) shown += stops.finish();
        RC_ASSERT(stopped == (end <= text.size()));
        RC_ASSERT(shown == text.substr(0, begin));
    }));
}

} // namespace
} // namespace assay::engine
