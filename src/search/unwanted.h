// What a request says it does not want: "rename it without deleting the old file". Such words must
// not bring up the very tools that are to be kept out.
#pragma once

#include <string>
#include <string_view>

namespace mcpo::search {

// The words behind "without", "except", "instead of", "do not" and the like, up to the end of the
// clause or four words, each span on a line of its own. English only.
std::string unwanted_text(std::string_view text);

}  // namespace mcpo::search
