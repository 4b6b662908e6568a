#include "mcp/protocol.h"

#include <algorithm>
namespace mcpo::mcp {

bool is_legacy_version(std::string_view version) {
  return std::ranges::find(kLegacyVersions, version) != kLegacyVersions.end();
}

bool is_modern_version(std::string_view version) {
  return std::ranges::find(kModernVersions, version) != kModernVersions.end();
}

}  // namespace mcpo::mcp
