// URLs of others: what parses is written and parsed again as the same, and nothing that goes into a
// request line or a Host field can break out of it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/url.h"

namespace {

using namespace mcpo::http;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Url& url) {
  auto again = parse_url(url.str());
  require(again.has_value() && *again == url);
  require(url.target.starts_with('/'));
  for (const std::string& text : {url.authority(), url.target, url.redacted(), url.origin()}) {
    for (const char c : text) require(c > ' ' && c < 127);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto url = parse_url(text)) check(*url);
  static const Url base = *parse_url("http://a:81/b/c/d;p?q");
  if (auto url = resolve(base, text)) check(*url);
  is_loopback_host(text);
  return 0;
}
