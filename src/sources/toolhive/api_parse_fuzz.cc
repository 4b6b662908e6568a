// Answers of something that says that it is ToolHive: any bytes may come.
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "sources/toolhive/api_parse.h"

using namespace mcpo::sources::toolhive;

namespace {

template <class T>
void check_error(const mcpo::Result<T>& parsed) {
  if (parsed) return;
  if (parsed.error().code != mcpo::Errc::corrupt) std::abort();
  if (!mcpo::is_valid_utf8(parsed.error().message)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto list = parse_workload_list(text);
  check_error(list);
  if (list) {
    for (const ListedWorkload& workload : *list) {
      if (workload.name.empty() && workload.problem.empty()) std::abort();
      if (workload.port < 0 || workload.port > 65535) std::abort();
    }
  }
  check_error(parse_details(text));
  check_error(parse_export(text));
  check_error(parse_status(text));
  check_error(parse_version(text));
  check_error(parse_groups(text));
  check_error(parse_secret_keys(text));
  check_error(parse_registries(text));
  (void)parse_created(text);
  (void)refusal(Asked::registry, 503, text);
  (void)refusal(Asked::creating, 404, text);
  if (const auto path = workload_path(text, "/status")) {
    if (path->find_first_of("?#\n ") != std::string::npos) std::abort();
    if (!path->ends_with("/status")) std::abort();
  }
  return 0;
}
