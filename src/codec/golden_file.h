#pragma once
/// Reads tab-separated golden files under tests/golden. For tests only.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace assay::codec {

/// Rows of fields of tests/golden/`name`; lines that begin with '#' are comments. Empty when the file is missing.
inline std::vector<std::vector<std::string>> golden_rows(const std::string& name) {
    std::vector<std::vector<std::string>> rows;
    std::ifstream in(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/" + name);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::vector<std::string> fields;
        std::istringstream stream(line);
        for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
        rows.push_back(std::move(fields));
    }
    return rows;
}

} // namespace assay::codec
