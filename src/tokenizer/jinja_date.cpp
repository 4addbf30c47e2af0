// strftime on a given day (jinja_eval.h).
#include "tokenizer/jinja_eval.h"

#include "tokenizer/jinja_text.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace assay::tokenizer::jinja {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};

std::string digits(std::int64_t number, std::size_t width) {
    std::string out = std::to_string(number);
    return out.size() < width ? std::string(width - out.size(), '0') + out : out;
}

/// A day of the form "26 Jul 2024".
Result<std::chrono::year_month_day> parse_day(std::string_view date) {
    std::int64_t day = 0, year = 0;
    const bool has_form = date.size() == 11 && date[2] == ' ' && date[6] == ' ' &&
                          parse_integer(date.substr(0, 2), 10, day) && parse_integer(date.substr(7), 10, year);
    const auto month = std::find_if(kMonths.begin(), kMonths.end(), [&](std::string_view name) {
        return has_form && name.substr(0, 3) == date.substr(3, 3);
    });
    if (!has_form || month == kMonths.end() || day < 1 || day > 31 || year < 1)
        return refuse("the date is not like '26 Jul 2024'");
    return std::chrono::year_month_day(std::chrono::year(static_cast<int>(year)),
                                       std::chrono::month(static_cast<unsigned>(month - kMonths.begin() + 1)),
                                       std::chrono::day(static_cast<unsigned>(day)));
}

/// One directive; empty for one that needs more than a day.
std::string directive(char letter, const std::chrono::year_month_day& date) {
    const std::chrono::sys_days days(date);
    const unsigned weekday = std::chrono::weekday(days).c_encoding();
    const unsigned month = static_cast<unsigned>(date.month());
    const int year = static_cast<int>(date.year());
    switch (letter) {
        case 'd': return digits(static_cast<unsigned>(date.day()), 2);
        case 'm': return digits(month, 2);
        case 'Y': return digits(year, 4);
        case 'y': return digits(year % 100, 2);
        case 'b': return std::string(kMonths[month - 1].substr(0, 3));
        case 'B': return std::string(kMonths[month - 1]);
        case 'a': return std::string(kDays[weekday].substr(0, 3));
        case 'A': return std::string(kDays[weekday]);
        case 'j': return digits((days - std::chrono::sys_days(date.year() / 1 / 1)).count() + 1, 3);
        case 'F': return directive('Y', date) + "-" + directive('m', date) + "-" + directive('d', date);
        case '%': return "%";
        default: return "";
    }
}

} // namespace

Result<std::string> format_date(std::string_view date, std::string_view format) {
    if (format == "%d %b %Y") return std::string(date);
    const std::chrono::year_month_day day = TRY(parse_day(date));
    std::string out;
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%' || i + 1 == format.size()) {
            out += format[i];
            continue;
        }
        const bool unpadded = format[i + 1] == '-' && i + 2 < format.size();
        i += unpadded ? 2 : 1;
        std::string part = directive(format[i], day);
        if (part.empty())
            return fail(ErrorCode::unsupported, "chat template: a date in the form '" + std::string(format) + "'");
        if (unpadded) part.erase(0, std::min(part.find_first_not_of('0'), part.size() - 1));
        out += part;
    }
    return out;
}

} // namespace assay::tokenizer::jinja
