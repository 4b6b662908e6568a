#include "install/registry_lookup.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"

namespace mcpo::install {
namespace {

constexpr std::size_t kNearest = 5;

std::string quoted(std::string_view name) {
  return "\"" + ellipsized(to_valid_utf8(name), 200) + "\"";
}

// Full names of the entries whose full or short name is like the wanted one, best first.
std::vector<std::string> nearest_entries(const catalog::Registry& registry, std::string_view name) {
  std::vector<std::string> shorts;
  for (const auto& [full, entry] : registry) shorts.emplace_back(short_name(full));
  std::vector<std::string> out;
  for (const std::string& near : nearest_names(short_name(name), shorts, kNearest)) {
    for (const auto& [full, entry] : registry) {
      const bool is_new = std::ranges::find(out, full) == out.end();
      if (is_new && short_name(full) == near && out.size() < kNearest) out.push_back(full);
    }
  }
  return out;
}

Error not_found(const catalog::Registry& registry, std::string_view name) {
  std::string text = "the registry has no server " + quoted(name) + ".";
  const auto nearest = nearest_entries(registry, name);
  if (!nearest.empty()) text += " The nearest: " + join(nearest, ", ") + ".";
  return {Errc::not_found, text + " Call search_registry to find servers by what they do."};
}

}  // namespace

std::string_view short_name(std::string_view registry_name) {
  const auto slash = registry_name.rfind('/');
  return slash == std::string_view::npos ? registry_name : registry_name.substr(slash + 1);
}

std::string_view publisher(std::string_view registry_name) {
  const auto slash = registry_name.rfind('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view before = registry_name.substr(0, slash);
  return before.substr(before.find_last_of("./") + 1);  // npos + 1 is 0
}

Result<std::shared_ptr<const RegistryEntry>> find_entry(const catalog::Registry& registry,
                                                        std::string_view name) {
  const std::string_view wanted = trim(name);
  if (const auto exact = registry.find(std::string(wanted)); exact != registry.end()) {
    return exact->second;
  }
  std::vector<std::string> names;
  std::shared_ptr<const RegistryEntry> found;
  for (const auto& [full, entry] : registry) {
    if (iequals_ascii(full, wanted)) return entry;
    if (!iequals_ascii(short_name(full), wanted)) continue;
    names.push_back(full);
    found = entry;
  }
  if (names.size() == 1) return found;
  if (names.empty()) return std::unexpected(not_found(registry, wanted));
  return fail(Errc::conflict, "several servers of the registry are called " + quoted(wanted) +
                                  "; give the full name, one of: " + join(names, ", "));
}

}  // namespace mcpo::install
