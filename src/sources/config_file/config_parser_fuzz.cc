// Configuration files are edited by hand: any bytes may come.
#include <cstdint>
#include <cstdlib>

#include "sources/config_file/config_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name.size() % 2 == 0) return std::nullopt;
    return "v";
  };
  const auto parsed = mcpo::sources::parse_config(text, "f", environment);
  if (parsed) {
    for (const auto& workload : parsed->workloads) {
      if (!workload.spec || workload.name.empty()) std::abort();
      (void)mcpo::mcp::fingerprint_text(*workload.spec);
    }
  }
  (void)mcpo::sources::expand_variables(text, environment);
  return 0;
}
