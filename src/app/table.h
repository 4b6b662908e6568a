// Columns of text for people.
#pragma once

#include <string>
#include <vector>

namespace mcpo::app {

// Columns as wide as their longest cell, two spaces apart; the last one is not padded. Widths are
// counted in characters; every row stays one line.
std::string render_table(const std::vector<std::string>& header,
                         std::vector<std::vector<std::string>> rows);

}  // namespace mcpo::app
