// What the tools of this program answer from: one version of the catalog, prepared for finding and
// naming. Immutable; built off the I/O thread and published as a whole (ViewFollower).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "catalog/live_catalog.h"
#include "catalog/model.h"
#include "gateway/embedding_book.h"
#include "gateway/registry_view.h"
#include "search/engine.h"

namespace mcpo::gateway {

// One server's tools, prepared once for as long as they stay the same.
struct PreparedServer {
  std::string name;         // display name
  std::string description;  // of the registry entry that it is linked to
  catalog::ToolSet tools;
  std::vector<const catalog::CatalogTool*> sorted;  // by name; point into `tools`
  std::vector<std::int64_t> tokens;                 // of each tool as a client would see it
  std::vector<ContentHash> texts;                   // of each tool, for its embedding
  std::int64_t total_tokens = 0;
  std::shared_ptr<const search::PreparedDocuments> documents;
};
std::shared_ptr<const PreparedServer> prepare_server(const catalog::ServerEntry& entry,
                                                     std::string description);

struct ViewServer {
  std::shared_ptr<const catalog::ServerEntry> entry;
  std::shared_ptr<const PreparedServer> prepared;
  search::DocId first_tool = 0;  // its tools are numbered from here, when offered
  enum class Offer { offered, not_running, no_tools_yet } offer = Offer::offered;

  const catalog::Server& server() const { return entry->server; }
  const std::string& name() const { return entry->server.display_name; }
};

// An offered tool, by its number: ordered by server name, then tool name.
struct ViewTool {
  const ViewServer* server = nullptr;
  std::size_t index = 0;  // within prepared->sorted

  const catalog::CatalogTool& tool() const { return *server->prepared->sorted[index]; }
  std::int64_t tokens() const { return server->prepared->tokens[index]; }
};

// Which part of the catalog a process offers. What it leaves out does not exist for find, list and
// call alike.
struct Visibility {
  std::set<SourceInstance> origins;
  std::set<std::string> groups;  // ALLOWED_GROUPS; empty: all
  bool registry = false;         // ENABLE_DYNAMIC_INSTALL: servers that could run as well
  bool allows_group(const std::string& group) const {
    return groups.empty() || groups.contains(group);
  }
  bool allows(const catalog::Server& server) const {
    return origins.contains(server.key.origin) && allows_group(server.group);
  }
};

class View {
 public:
  struct PreparedCache {
    std::map<ServerId, std::shared_ptr<const PreparedServer>> servers;
    RegistryView::Ptr registry;
  };
  // Reuses what `cache` holds of unchanged servers and leaves in it what this view uses. Takes tens
  // of milliseconds with thousands of new tools: call it on a CPU pool. Tools that `embeddings`
  // does not have are found by their words.
  static std::shared_ptr<const View> build(catalog::LiveCatalog::Ptr catalog,
                                           const Visibility& visibility, PreparedCache& cache,
                                           const EmbeddingBook& embeddings);

  // Texts of this view that `embeddings` does not have, each once.
  std::vector<WantedText> wanted_texts(const EmbeddingBook& embeddings) const;
  // All of them: what is worth keeping.
  std::vector<ContentHash> texts() const;

  catalog::CatalogVersion version() const { return catalog_->version; }
  const std::vector<ViewServer>& servers() const { return servers_; }  // by name
  const search::Index& index() const { return *index_; }
  // Null unless the visibility wants it.
  const RegistryView* registry() const { return registry_.get(); }
  const catalog::Catalog& catalog() const { return *catalog_; }
  std::size_t tool_count() const { return tools_.size(); }
  // Of these, how many can be found by their meaning.
  std::size_t embedded_count() const { return embedded_; }
  // Tools that a search cannot find, by why.
  struct LeftOut {
    std::size_t by_group = 0;   // ALLOWED_GROUPS; for the operator's eyes only
    std::size_t by_status = 0;  // their servers do not run
  };
  const LeftOut& left_out() const { return left_out_; }
  std::int64_t baseline_tokens() const { return baseline_tokens_; }
  ViewTool tool(search::DocId number) const;

  // `name` as shown, or name@source, or name@namespace. Errors: not_found with the nearest names,
  // conflict with the candidates.
  Result<const ViewServer*> find_server(std::string_view name) const;
  // Errors: not_found with the nearest names on that server, unavailable when it is not offered.
  Result<ViewTool> find_tool(const ViewServer& server, std::string_view tool) const;
  // The only tool of that name. Errors: not_found with the nearest, conflict naming the servers.
  Result<ViewTool> find_tool(std::string_view tool) const;

 private:
  View() = default;
  void add_offered(ViewServer& server);

  catalog::LiveCatalog::Ptr catalog_;
  std::vector<ViewServer> servers_;
  std::vector<std::uint32_t> tools_;  // number of the server of each tool
  std::unordered_multimap<std::string_view, search::DocId> by_name_;
  std::unique_ptr<const search::Index> index_;
  RegistryView::Ptr registry_;
  std::size_t embedded_ = 0;
  LeftOut left_out_;
  std::int64_t baseline_tokens_ = 0;
};

// A tool as clients see it: the server's own definition plus `mcp_server_name` (drop-in section 1).
void append_tool_json(std::string& out, const catalog::CatalogTool& tool,
                      std::string_view server_name);

}  // namespace mcpo::gateway
