#include "app/secret.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/text.h"
#include "embed/model_files.h"

namespace mcpo::app {

Result<std::string> read_secret(const std::string& value, const std::string& file,
                                const std::string& what) {
  constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
  std::string text = value;
  if (!file.empty()) {
    TRY(text, embed::read_small_file(file, kMaxBytes));
  }
  const std::string_view secret = trim(text);
  // It would not be sent, and what the other side says then leads nowhere.
  if (std::ranges::any_of(secret, is_control)) {
    return fail(Errc::invalid, what + (file.empty() ? "" : " in " + file) +
                                   " has several lines or control characters");
  }
  return std::string(secret);
}

}  // namespace mcpo::app
