// A registry can be anybody's file or server: any bytes may come.
#include <cstdint>
#include <cstdlib>
#include <set>

#include "base/json.h"
#include "sources/toolhive/registry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = mcpo::sources::toolhive::parse_registry(text);
  if (!parsed) return 0;
  std::set<std::string> names;
  for (const mcpo::RegistryEntry& entry : parsed->reading.entries) {
    if (entry.name.empty() || !names.insert(entry.name).second) std::abort();
    std::set<std::string> tools;
    for (const mcpo::RegistryTool& tool : entry.tools) {
      if (tool.name.empty() || tool.name == "set_during_runtime") std::abort();
      if (!tools.insert(tool.name).second) std::abort();
      if (!tool.definition.empty() && !mcpo::parse_json(tool.definition, {})) std::abort();
    }
  }
  return 0;
}
