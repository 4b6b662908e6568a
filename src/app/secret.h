// Secrets that the user gave: in the environment, or in a file.
#pragma once

#include <string>

#include "base/result.h"

namespace mcpo::app {

// `value`, or what `file` holds where one is named; without blanks around it. Errors: those of
// reading the file; invalid, for what no header can carry. They name `what` and never the secret.
Result<std::string> read_secret(const std::string& value, const std::string& file,
                                const std::string& what);

}  // namespace mcpo::app
