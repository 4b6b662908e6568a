#include "gateway/view.h"

#include <algorithm>
#include <unordered_set>

#include "base/json.h"
#include "base/text.h"
#include "gateway/tool_document.h"
#include "mcp/result_relay.h"
#include "mcp/token_count.h"

namespace mcpo::gateway {
namespace {

constexpr std::size_t kNearest = 5;

search::Document document_of(const catalog::CatalogTool& tool, const PreparedServer& server) {
  search::Document out = tool_document(RawJson::trusted(tool.definition));
  out.name = tool.name;
  out.server = server.name;
  out.server_description = server.description;
  return out;
}

std::string_view bytes_of(const ContentHash& hash) {
  return {reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()};
}

// " The nearest: a, b." or nothing.
std::string nearest_hint(std::string_view wanted, const std::vector<std::string>& names) {
  const auto nearest = nearest_names(wanted, names, kNearest);
  return nearest.empty() ? std::string() : " The nearest: " + join(nearest, ", ") + ".";
}

std::string quoted(std::string_view name) {
  return "\"" + ellipsized(to_valid_utf8(name), 200) + "\"";
}

// What the registry says of the entry that the server is linked to.
std::string registry_description(const catalog::Catalog& catalog, const catalog::Server& server) {
  if (server.link.registry_entry.empty()) return "";
  const auto registry = catalog.registries.find(server.key.origin);
  if (registry == catalog.registries.end()) return "";
  const auto entry = registry->second->find(server.link.registry_entry);
  return entry == registry->second->end() ? "" : entry->second->description;
}

RegistryView::Registries visible_registries(const catalog::Catalog& catalog,
                                            const Visibility& visibility) {
  RegistryView::Registries out;
  for (const auto& [origin, registry] : catalog.registries) {
    if (visibility.origins.contains(origin)) out.emplace(origin, registry);
  }
  return out;
}

ViewServer::Offer offer_of(const catalog::ServerEntry& entry) {
  if (!catalog::is_offered_status(entry.server.status)) return ViewServer::Offer::not_running;
  if (entry.tools->empty()) return ViewServer::Offer::no_tools_yet;
  return ViewServer::Offer::offered;
}

}  // namespace

std::shared_ptr<const PreparedServer> prepare_server(const catalog::ServerEntry& entry,
                                                     std::string description) {
  auto out = std::make_shared<PreparedServer>();
  out->name = entry.server.display_name;
  out->description = std::move(description);
  out->tools = entry.tools;
  for (const auto& tool : *entry.tools) out->sorted.push_back(&tool);
  std::ranges::stable_sort(out->sorted, {}, [](const auto* tool) { return tool->name; });
  std::vector<search::Document> documents;
  documents.reserve(out->sorted.size());
  std::string json;
  for (const auto* tool : out->sorted) {
    documents.push_back(document_of(*tool, *out));
    out->texts.push_back(wanted_text(documents.back()).hash);
    json.clear();
    append_tool_json(json, *tool, out->name);
    out->tokens.push_back(mcp::estimate_tokens(json));
    out->total_tokens += out->tokens.back();
  }
  out->documents = search::prepare(documents);
  return out;
}

std::shared_ptr<const View> View::build(catalog::LiveCatalog::Ptr catalog,
                                        const Visibility& visibility, PreparedCache& cache,
                                        const EmbeddingBook& embeddings) {
  std::shared_ptr<View> view(new View());
  decltype(cache.servers) used;
  for (const auto& [id, entry] : catalog->servers) {
    if (!visibility.allows(entry->server)) {
      const bool is_ours = visibility.origins.contains(entry->server.key.origin);
      if (is_ours) view->left_out_.by_group += entry->tools->size();
      continue;
    }
    auto& prepared = used[id];
    const auto known = cache.servers.find(id);
    std::string description = registry_description(*catalog, entry->server);
    const bool same = known != cache.servers.end() && known->second->tools == entry->tools &&
                      known->second->name == entry->server.display_name &&
                      known->second->description == description;
    prepared = same ? known->second : prepare_server(*entry, std::move(description));
    view->servers_.push_back({entry, prepared, 0, offer_of(*entry)});
  }
  std::ranges::sort(view->servers_, {}, [](const ViewServer& server) { return server.name(); });
  view->catalog_ = std::move(catalog);
  std::vector<search::Part> parts;
  for (ViewServer& server : view->servers_) {
    if (server.offer == ViewServer::Offer::not_running) {
      view->left_out_.by_status += server.prepared->sorted.size();
    }
    if (server.offer != ViewServer::Offer::offered) continue;
    view->add_offered(server);
    search::Part& part = parts.emplace_back(search::Part{.documents = server.prepared->documents});
    for (const ContentHash& text : server.prepared->texts) {
      part.embeddings.push_back(embeddings.find(text));
      view->embedded_ += part.embeddings.back() != nullptr ? 1 : 0;
    }
  }
  view->index_ = search::build_index(std::move(parts));
  cache.servers = std::move(used);
  if (visibility.registry) {
    cache.registry = RegistryView::build(visible_registries(*view->catalog_, visibility),
                                         &embeddings, cache.registry);
    view->registry_ = cache.registry;
  }
  return view;
}

std::vector<WantedText> View::wanted_texts(const EmbeddingBook& embeddings) const {
  std::vector<WantedText> out;
  std::unordered_set<std::string_view> seen;
  for (const ViewServer& server : servers_) {
    const PreparedServer& prepared = *server.prepared;
    for (std::size_t i = 0; i < prepared.sorted.size(); ++i) {
      const ContentHash& text = prepared.texts[i];
      if (embeddings.find(text) != nullptr || !seen.insert(bytes_of(text)).second) continue;
      out.push_back(wanted_text(document_of(*prepared.sorted[i], prepared)));
    }
  }
  if (registry_ == nullptr) return out;
  for (WantedText& one : registry_->wanted_texts(embeddings)) {
    if (seen.contains(bytes_of(one.hash))) continue;
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<ContentHash> View::texts() const {
  std::vector<ContentHash> out;
  for (const ViewServer& server : servers_) {
    out.insert(out.end(), server.prepared->texts.begin(), server.prepared->texts.end());
  }
  if (registry_ == nullptr) return out;
  const std::vector<ContentHash> more = registry_->texts();
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

void View::add_offered(ViewServer& server) {
  server.first_tool = static_cast<search::DocId>(tools_.size());
  const auto number = static_cast<std::uint32_t>(&server - servers_.data());
  for (const auto* tool : server.prepared->sorted) {
    by_name_.emplace(tool->name, static_cast<search::DocId>(tools_.size()));
    tools_.push_back(number);
  }
  baseline_tokens_ += server.prepared->total_tokens;
}

ViewTool View::tool(search::DocId number) const {
  const ViewServer& server = servers_[tools_[number]];
  return {&server, number - server.first_tool};
}

Result<const ViewServer*> View::find_server(std::string_view name) const {
  std::vector<const ViewServer*> found;
  std::vector<std::string> names;
  for (const ViewServer& server : servers_) {
    if (server.name() == name) return &server;
    names.push_back(server.name());
    const ServerKey& key = server.server().key;
    const bool by_source = name == key.name + "@" + key.origin.source;
    const bool by_namespace =
        !key.namespace_name.empty() && name == key.name + "@" + key.namespace_name;
    if (by_source || by_namespace || name == key.name) found.push_back(&server);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    std::vector<std::string> candidates;
    for (const ViewServer* server : found) candidates.push_back(server->name());
    return fail(Errc::conflict, "the server name " + quoted(name) +
                                    " is ambiguous; use one of: " + join(candidates, ", "));
  }
  return fail(Errc::not_found, "there is no server " + quoted(name) + "." +
                                   nearest_hint(name, names) +
                                   " Call find_tool to learn which server has the tool.");
}

Result<ViewTool> View::find_tool(const ViewServer& server, std::string_view tool) const {
  if (server.offer == ViewServer::Offer::not_running) {
    return fail(Errc::unavailable, "the server " + quoted(server.name()) + " is " +
                                       server.server().status + "; its tools cannot be called now");
  }
  const auto& sorted = server.prepared->sorted;
  const auto it = std::ranges::lower_bound(sorted, tool, {},
                                           [](const auto* t) { return std::string_view(t->name); });
  if (it != sorted.end() && (*it)->name == tool) {
    return ViewTool{&server, static_cast<std::size_t>(it - sorted.begin())};
  }
  if (server.offer == ViewServer::Offer::no_tools_yet) {
    const auto& why = server.server().degraded.reason;
    return fail(Errc::unavailable, "the server " + quoted(server.name()) + " has no known tools" +
                                       (why.empty() ? std::string(" yet") : ": " + why));
  }
  std::vector<std::string> names;
  for (const auto* known : sorted) names.push_back(known->name);
  return fail(Errc::not_found, "the server " + quoted(server.name()) + " has no tool " +
                                   quoted(tool) + "." + nearest_hint(tool, names) +
                                   " Call find_tool to search all servers.");
}

Result<ViewTool> View::find_tool(std::string_view name) const {
  const auto [first, last] = by_name_.equal_range(name);
  if (first != last && std::next(first) == last) return tool(first->second);
  if (first != last) {
    std::vector<std::string> servers;
    for (auto it = first; it != last; ++it) servers.push_back(tool(it->second).server->name());
    std::ranges::sort(servers);
    return fail(Errc::conflict, "several servers have a tool " + quoted(name) +
                                    "; give server_name, one of: " + join(servers, ", "));
  }
  std::vector<std::string> names;
  for (search::DocId i = 0; i < tools_.size(); ++i) names.push_back(tool(i).tool().name);
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return fail(Errc::not_found, "no server has a tool " + quoted(name) + "." +
                                   nearest_hint(name, names) +
                                   " Call find_tool to search by what must be done.");
}

void append_tool_json(std::string& out, const catalog::CatalogTool& tool,
                      std::string_view server_name) {
  const std::string definition = mcp::relay_definition(RawJson::trusted(tool.definition));
  out.append(definition, 0, definition.size() - 1);
  if (definition.size() > 2) out.push_back(',');
  out.append("\"mcp_server_name\":");
  append_json_string(out, server_name);
  out.push_back('}');
}

}  // namespace mcpo::gateway
