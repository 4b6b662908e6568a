#include "install/group_choice.h"

#include <algorithm>

#include "base/text.h"

namespace mcpo::install {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> offered(const std::vector<std::string>& allowed,
                                 const std::optional<std::vector<std::string>>& existing) {
  std::vector<std::string> out = existing.value_or(allowed);
  std::erase_if(out, [&](const std::string& group) { return !is_allowed_group(group, allowed); });
  std::ranges::sort(out);
  return out;
}

}  // namespace

bool is_allowed_group(const std::string& group, const std::vector<std::string>& allowed) {
  return allowed.empty() || contains(allowed, group.empty() ? kDefaultGroup : group);
}

Result<std::string> choose_group(const std::string& wanted, const std::vector<std::string>& allowed,
                                 const std::optional<std::vector<std::string>>& existing) {
  std::string group = wanted;
  if (group.empty()) group = is_allowed_group(kDefaultGroup, allowed) ? kDefaultGroup : allowed[0];
  const bool exists = !existing || contains(*existing, group);
  if (exists && is_allowed_group(group, allowed)) return group;
  const auto names = offered(allowed, existing);
  const std::string unknown =
      "there is no group \"" + ellipsized(to_valid_utf8(group), 200) + "\" to install into";
  if (names.empty()) {
    return fail(Errc::not_found, unknown + ", and no other either; `thv group create` makes one");
  }
  return fail(Errc::not_found, unknown + "; the groups are: " + join(names, ", "));
}

}  // namespace mcpo::install
