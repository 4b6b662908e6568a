#include "app/stored_view.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "app/compose.h"
#include "search/embedding.h"

namespace mcpo::app {
namespace {

// What the named sources offer; everything in the catalog when none is named here.
gateway::Visibility visibility_of(const Config& config, const catalog::Catalog& catalog) {
  gateway::Visibility out{source_instances(config), group_set(config)};
  if (names_a_source(config)) return out;
  for (const auto& [id, entry] : catalog.servers) out.origins.insert(entry->server.key.origin);
  return out;
}

WallTime last_heard(const catalog::Server& server) {
  return std::max(server.last_success, server.tools_listed_at);
}

// A name is unique within what one process offers, not in a catalog that several filled: one
// ToolHive that was reached at two places is in it twice. The newest word on each name stays.
void leave_out_doubles(catalog::Catalog& catalog) {
  std::map<std::string, std::shared_ptr<const catalog::ServerEntry>> newest;
  for (const auto& [id, entry] : catalog.servers) {
    auto& known = newest[entry->server.display_name];
    if (known == nullptr || last_heard(known->server) < last_heard(entry->server)) known = entry;
  }
  std::erase_if(catalog.servers, [&](const auto& one) {
    return newest.at(one.second->server.display_name) != one.second;
  });
}

void build(StoredView& stored) {
  stored.view =
      gateway::View::build(stored.catalog, stored.visibility, stored.cache, stored.embeddings);
}

}  // namespace

Result<std::unique_ptr<StoredView>> load_view(const Config& config) {
  auto store = catalog::open_sqlite_store(config.database_path, catalog::OpenMode::read_only);
  if (!store && store.error().code == Errc::not_found) {
    return fail(Errc::not_found, "there is no catalog at " + config.database_path +
                                     " yet: run `mcp-optimizer serve` or `mcp-optimizer ingest` "
                                     "first, or name its folder with --data-dir");
  }
  if (!store) return std::unexpected(store.error());
  auto out = std::make_unique<StoredView>();
  out->store = *std::move(store);
  TRY(catalog::Catalog read, out->store->read_all());
  out->visibility = visibility_of(config, read);
  if (!names_a_source(config)) leave_out_doubles(read);
  out->catalog = std::make_shared<const catalog::Catalog>(std::move(read));
  build(*out);
  return out;
}

Result<void> add_embeddings(StoredView& stored, const std::string& model) {
  TRY(catalog::Vectors vectors, stored.store->read_vectors(model, stored.view->texts()));
  for (const auto& [text, bytes] : vectors) {
    auto embedding = search::embedding_from_bytes(bytes);
    if (!embedding) continue;  // `serve` makes it anew
    stored.embeddings.put(text,
                          std::make_shared<const search::DocumentEmbedding>(*std::move(embedding)));
  }
  build(stored);
  return {};
}

}  // namespace mcpo::app
