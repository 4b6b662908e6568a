// `servers`, `tools`, `search`: they only read the stored catalog.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/commands.h"
#include "app/compose.h"
#include "app/table.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/store.h"
#include "gateway/view.h"

namespace mcpo::app {
namespace {

constexpr std::size_t kDescriptionBytes = 100;

// Everything in the catalog when no source is configured here; else what these sources offer.
gateway::Visibility visibility_of(const Config& config, const catalog::Catalog& catalog) {
  gateway::Visibility out{source_instances(config)};
  if (!out.origins.empty()) return out;
  for (const auto& [id, entry] : catalog.servers) out.origins.insert(entry->server.key.origin);
  return out;
}

Result<std::shared_ptr<const gateway::View>> load_view(const Config& config) {
  auto store = catalog::open_sqlite_store(config.database_path, catalog::OpenMode::read_only);
  if (!store && store.error().code == Errc::not_found) {
    return fail(Errc::not_found, "there is no catalog at " + config.database_path +
                                     " yet: run `mcp-optimizer serve` or `mcp-optimizer ingest` "
                                     "first, or name its folder with --data-dir");
  }
  if (!store) return std::unexpected(store.error());
  TRY(catalog::Catalog read, (*store)->read_all());
  auto catalog = std::make_shared<const catalog::Catalog>(std::move(read));
  const gateway::Visibility visibility = visibility_of(config, *catalog);
  gateway::View::PreparedCache cache;
  return gateway::View::build(std::move(catalog), visibility, cache);
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return ellipsized(text, kDescriptionBytes);
}

void optional_member(JsonWriter& w, std::string_view name, const std::string& value) {
  if (!value.empty()) w.member(name, value);
}

void optional_time(JsonWriter& w, std::string_view name, WallTime time) {
  if (time) w.member(name, to_rfc3339(time));
}

void append_server(JsonWriter& w, const gateway::ViewServer& server) {
  const catalog::Server& row = server.server();
  w.begin_object().member("name", row.display_name).member("source", row.key.origin.source);
  optional_member(w, "namespace", row.key.namespace_name);
  w.member("group", row.group).member("status", row.status).member("transport", row.transport);
  optional_member(w, "url", row.url);
  w.member_number("tools", static_cast<std::int64_t>(server.prepared->sorted.size()));
  optional_member(w, "identity", row.identity);
  optional_member(w, "registry_entry", row.link.registry_entry);
  optional_member(w, "match_rule", std::string(catalog::to_string(row.link.rule)));
  optional_time(w, "stale_since", row.stale.since);
  optional_member(w, "stale_reason", row.stale.reason);
  optional_time(w, "degraded_since", row.degraded.since);
  optional_member(w, "degraded_reason", row.degraded.reason);
  optional_time(w, "last_success", row.last_success);
  optional_member(w, "created_at", row.created_at);
  w.end_object();
}

std::string describe_trouble(const catalog::Server& row) {
  if (row.stale) return "stale: " + row.stale.reason;
  if (row.degraded) return "degraded: " + row.degraded.reason;
  return "";
}

std::string text_member(RawJson definition, std::string_view name) {
  const auto value = definition.find(name);
  return value ? value->as_string().value_or("") : std::string();
}

void append_tool(JsonWriter& w, const gateway::ViewTool& tool) {
  const RawJson definition = RawJson::trusted(tool.tool().definition);
  w.begin_object().member("server", tool.server->name()).member("name", tool.tool().name);
  optional_member(w, "title", text_member(definition, "title"));
  optional_member(w, "description", text_member(definition, "description"));
  w.member_number("tokens", tool.tokens());
  w.key("input_schema").raw(definition.find("inputSchema").value_or(RawJson::trusted("{}")));
  w.end_object();
}

void append_explanation(JsonWriter& w, const search::Explanation& explanation) {
  w.key("explain").begin_object().key("lexical").number(explanation.lexical);
  w.member_number("lexical_rank", static_cast<std::int64_t>(explanation.lexical_rank));
  w.key("semantic").number(explanation.semantic);
  w.member_number("semantic_rank", static_cast<std::int64_t>(explanation.semantic_rank));
  if (explanation.semantic_rank > 0) w.key("cosine").number(explanation.cosine);
  w.key("server").number(explanation.server_part).key("name").number(explanation.name_part);
  w.key("sentence")
      .number(explanation.sentence_part)
      .key("bigrams")
      .number(explanation.bigram_part);
  w.key("exact").number(explanation.exact_part).member_bool("in_head", explanation.in_head);
  w.member_number("hidden", static_cast<std::int64_t>(explanation.hidden));
  w.member_number("too_far", static_cast<std::int64_t>(explanation.too_far));
  w.member_bool("exact_name", explanation.exact_name).key("fields").begin_object();
  for (std::size_t i = 0; i < search::kFieldCount; ++i) {
    w.key(search::to_string(static_cast<search::Field>(i))).number(explanation.field_scores[i]);
  }
  w.end_object().key("matched_terms").begin_array();
  for (const std::string& term : explanation.matched_terms) w.string(term);
  w.end_array().end_object();
}

std::string explanation_text(const search::Explanation& explanation) {
  std::string out = explanation.exact_name ? "exact name; " : "";
  for (std::size_t i = 0; i < search::kFieldCount; ++i) {
    if (explanation.field_scores[i] == 0) continue;
    out += fmt::format("{} {:.2f}, ", search::to_string(static_cast<search::Field>(i)),
                       explanation.field_scores[i]);
  }
  const std::initializer_list<std::pair<std::string_view, double>> parts = {
      {"meaning", explanation.semantic},           {"name's tokens", explanation.name_part},
      {"server's best", explanation.server_part},  {"best sentence", explanation.sentence_part},
      {"adjacent words", explanation.bigram_part},
  };
  for (const auto& [what, part] : parts) {
    if (part != 0) out += fmt::format("{} {:.2f}, ", what, part);
  }
  return out + "words: " + join(explanation.matched_terms, " ");
}

void print_search_json(const gateway::View& view, const search::Ranking& ranking,
                       const search::Query& query, const CommandLine& line) {
  JsonWriter w;
  w.begin_array();
  std::int64_t rank = 0;
  for (const search::Hit& hit : ranking.hits) {
    const gateway::ViewTool tool = view.tool(hit.doc);
    w.begin_object().member_number("rank", ++rank).member("server", tool.server->name());
    w.member("name", tool.tool().name).key("score").number(hit.score);
    optional_member(w, "description",
                    text_member(RawJson::trusted(tool.tool().definition), "description"));
    if (line.explain) append_explanation(w, view.index().explain(query, hit.doc));
    w.end_object();
  }
  w.end_array();
  print(w.take() + "\n");
}

void print_search_table(const gateway::View& view, const search::Ranking& ranking,
                        const search::Query& query, const CommandLine& line) {
  std::vector<std::vector<std::string>> rows;
  for (const search::Hit& hit : ranking.hits) {
    const gateway::ViewTool tool = view.tool(hit.doc);
    const RawJson definition = RawJson::trusted(tool.tool().definition);
    rows.push_back({std::to_string(rows.size() + 1), tool.server->name(), tool.tool().name,
                    fmt::format("{:.2f}", hit.score),
                    line.explain ? explanation_text(view.index().explain(query, hit.doc))
                                 : one_line(text_member(definition, "description"))});
  }
  print(render_table({"#", "SERVER", "TOOL", "SCORE", line.explain ? "WHY" : "DESCRIPTION"}, rows));
}

void print_no_hits(const gateway::View& view, const search::Ranking& ranking) {
  std::string out = "nothing found: " + ranking.note + "\n";
  for (const search::Hit& hit : ranking.candidates) {
    const gateway::ViewTool tool = view.tool(hit.doc);
    out += "  perhaps " + tool.server->name() + " " + tool.tool().name + "\n";
  }
  print(out);
}

}  // namespace

int run_servers(const Config& config, const CommandLine& line) {
  auto view = load_view(config);
  if (!view) return report_error(view.error(), line.json), 1;
  if (line.json) {
    JsonWriter w;
    w.begin_array();
    for (const auto& server : (*view)->servers()) append_server(w, server);
    w.end_array();
    print(w.take() + "\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& server : (*view)->servers()) {
    const catalog::Server& row = server.server();
    rows.push_back({row.display_name, row.key.origin.source, row.status, row.transport,
                    std::to_string(server.prepared->sorted.size()), row.identity,
                    one_line(describe_trouble(row))});
  }
  print(
      render_table({"SERVER", "SOURCE", "STATUS", "TRANSPORT", "TOOLS", "WHAT", "TROUBLE"}, rows));
  return 0;
}

int run_tools(const Config& config, const CommandLine& line) {
  auto view = load_view(config);
  if (!view) return report_error(view.error(), line.json), 1;
  const gateway::ViewServer* only = nullptr;
  if (!line.server.empty()) {
    auto found = (*view)->find_server(line.server);
    if (!found) return report_error(found.error(), line.json), 1;
    only = *found;
  }
  JsonWriter w;
  w.begin_array();
  std::vector<std::vector<std::string>> rows;
  for (search::DocId number = 0; number < (*view)->tool_count(); ++number) {
    const gateway::ViewTool tool = (*view)->tool(number);
    if (only != nullptr && tool.server != only) continue;
    if (line.json) {
      append_tool(w, tool);
    } else {
      const RawJson definition = RawJson::trusted(tool.tool().definition);
      rows.push_back({tool.server->name(), tool.tool().name, std::to_string(tool.tokens()),
                      one_line(text_member(definition, "description"))});
    }
  }
  w.end_array();
  print(line.json ? w.take() + "\n"
                  : render_table({"SERVER", "TOOL", "TOKENS", "DESCRIPTION"}, rows));
  return 0;
}

int run_search(const Config& config, const CommandLine& line) {
  auto view = load_view(config);
  if (!view) return report_error(view.error(), line.json), 1;
  search::Query query;
  query.description = line.words;
  query.limit = line.limit > 0 ? line.limit : config.max_tools_to_return;
  const search::Ranking ranking = (*view)->index().search(query);
  if (line.json) {
    print_search_json(**view, ranking, query, line);
  } else if (ranking.hits.empty()) {
    print_no_hits(**view, ranking);
  } else {
    print_search_table(**view, ranking, query, line);
  }
  return 0;
}

}  // namespace mcpo::app
