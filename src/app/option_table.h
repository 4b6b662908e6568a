// The only list of options.
#pragma once

#include <string>
#include <vector>

#include "app/option_row.h"

namespace mcpo::app {

const std::vector<OptionRow>& option_rows();

// DB_URL and its twin. False: not a URL of a database that can be used.
bool set_database(Config& config, const std::string& text);

}  // namespace mcpo::app
