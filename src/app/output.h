// What the commands share when they print.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace mcpo::app {

void print(const std::string& text);  // to stdout
// Blanks for control characters: what servers call themselves must neither end a line nor steer the
// terminal.
std::string printable(std::string text);
// The beginning of a description, on one line.
std::string one_line(std::string text);
// Nothing when the value is empty.
void optional_member(JsonWriter& w, std::string_view name, const std::string& value);
// A string member of a tool's definition; "" when there is none.
std::string text_member(RawJson definition, std::string_view name);

}  // namespace mcpo::app
