#include "catalog/change_set.h"

#include <algorithm>
#include <set>

namespace mcpo::catalog {
namespace {

using EntryPtr = std::shared_ptr<const ServerEntry>;

const ToolSet& no_tools() {
  static const ToolSet none = std::make_shared<const std::vector<CatalogTool>>();
  return none;
}

class Applier {
 public:
  Applier(Catalog before, const ChangeSet& changes, std::int64_t& next_id)
      : after_(std::move(before)), changes_(changes), next_id_(next_id) {
    for (const auto& [id, entry] : after_.servers) ids_[entry->server.key] = id;
  }

  Catalog run() {
    const std::set<ServerKey> removed(changes_.removals.begin(), changes_.removals.end());
    for (const Server& server : changes_.upserts) {
      if (!removed.contains(server.key)) upsert(server);
    }
    for (const auto& [key, tools] : changes_.tools) {
      if (!removed.contains(key)) set_tools(key, tools);
    }
    for (const ServerKey& key : removed) {
      if (const auto it = ids_.find(key); it != ids_.end()) after_.servers.erase(it->second);
    }
    for (const auto& [origin, registry] : changes_.registries) set_registry(origin, registry);
    for (const auto& [origin, values] : changes_.memory) remember(origin, values);
    return std::move(after_);
  }

 private:
  // Entries that stay equal keep their identity: whoever compares pointers sees no change.
  void upsert(Server server) {
    const auto known = ids_.find(server.key);
    server.id = known != ids_.end() ? known->second : ServerId{next_id_++};
    EntryPtr& slot = after_.servers[server.id];
    if (slot && slot->server == server) return;
    ids_[server.key] = server.id;
    ToolSet tools = slot ? slot->tools : no_tools();
    const ServerId id = server.id;
    after_.servers[id] =
        std::make_shared<const ServerEntry>(ServerEntry{std::move(server), std::move(tools)});
  }

  void set_tools(const ServerKey& key, const ToolSet& tools) {
    const auto known = ids_.find(key);
    if (known == ids_.end()) return;
    EntryPtr& slot = after_.servers[known->second];
    if (std::ranges::equal(*slot->tools, *tools)) return;
    slot = std::make_shared<const ServerEntry>(ServerEntry{slot->server, tools});
  }

  void set_registry(const SourceInstance& origin, const std::shared_ptr<const Registry>& wanted) {
    if (!wanted || wanted->empty()) {
      after_.registries.erase(origin);
      return;
    }
    std::shared_ptr<const Registry>& slot = after_.registries[origin];
    slot = slot ? sharing(slot, wanted) : wanted;
  }

  // `wanted` with the entries of `known` where they are equal. Whoever made the change set has
  // usually done so already (make_registry): then it is `wanted` itself, and pointers tell.
  static std::shared_ptr<const Registry> sharing(const std::shared_ptr<const Registry>& known,
                                                 const std::shared_ptr<const Registry>& wanted) {
    auto out = std::make_shared<Registry>(*wanted);
    for (auto& [name, entry] : *out) {
      const auto old = known->find(name);
      if (old == known->end() || old->second == entry) continue;
      if (*old->second == *entry) entry = old->second;
    }
    if (*out == *known) return known;
    return *out == *wanted ? wanted : out;
  }

  void remember(const SourceInstance& origin,
                const std::map<std::string, std::optional<std::string>>& values) {
    for (const auto& [key, value] : values) {
      if (value) {
        after_.memory[origin][key] = *value;
      } else if (const auto it = after_.memory.find(origin); it != after_.memory.end()) {
        it->second.erase(key);
        if (it->second.empty()) after_.memory.erase(it);
      }
    }
  }

  Catalog after_;
  const ChangeSet& changes_;
  std::int64_t& next_id_;
  std::map<ServerKey, ServerId> ids_;
};

}  // namespace

Catalog apply(const Catalog& before, const ChangeSet& changes, std::int64_t& next_id) {
  return Applier(before, changes, next_id).run();
}

}  // namespace mcpo::catalog
