// URLs and image references as users and registries write them: what is normal stays so, nothing
// secret gets into what is shown, and a URL fits itself.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "sources/identity.h"

namespace {

using namespace mcpo::sources;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_url(std::string_view text) {
  const std::string shown = redacted_url(text);
  const auto normal = normalize_url(text);
  require(mcpo::is_valid_utf8(shown));
  if (!normal) {
    require(shown == "(not a URL)");
    return;
  }
  const auto again = normalize_url(normal->text);
  require(again && again->text == normal->text);
  require(redacted_url(normal->text) == shown);
  const auto path_at = normal->text.find('/', normal->text.find("://") + 3);
  require(normal->text.substr(0, path_at).find('@') == std::string::npos);
  require(normal->text.find('#') == std::string::npos);
  require(shown.find('#') == std::string::npos);
}

// Secrets put in on purpose are not in what comes out.
void check_secrets(std::string_view text) {
  const std::string path(text.substr(0, text.find_first_of("?#")));
  const std::string with =
      "https://user:pLanTeD@h.example/" + path + "?key=pLanTeD&pLanTeD#pLanTeD";
  if (path.find("pLanTeD") != std::string::npos) return;
  require(redacted_url(with).find("pLanTeD") == std::string::npos);
}

void check_image(std::string_view text) {
  const auto image = parse_image(text);
  (void)same_image_repository(text, "ghcr.io/a/b");
  if (!image) return;
  const auto again = parse_image(image->canonical());
  require(again && again->canonical() == image->canonical());
  require(again->tag.empty() && again->digest.empty());
  require(same_image_repository(text, image->canonical()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = text.substr(0, text.find('\n'));
  const std::string_view second = text.substr(std::min(first.size() + 1, text.size()));
  check_url(text);
  check_secrets(first);
  check_image(text);
  (void)matches_template(first, second);
  if (normalize_url(first) && is_url_template(first)) require(matches_template(first, first));
  return 0;
}
