#pragma once
/// Names from files in error messages: printable ASCII, short, quoted. A hostile name can neither break a line nor
/// flood it.
#include <string>
#include <string_view>

namespace assay::formats {

/// 'name'; other bytes than printable ASCII become '?', longer names end in "…" after 96 bytes.
std::string quote(std::string_view name);

} // namespace assay::formats
