// `search`: what find_tool would find, from the stored catalog.
#include <fmt/format.h>

#include "app/commands.h"
#include "app/output.h"
#include "app/semantics.h"
#include "app/stored_view.h"
#include "app/table.h"
#include "async/runtime.h"
#include "base/text.h"
#include "gateway/explain.h"
#include "gateway/query_maker.h"
#include "gateway/usage_book.h"

namespace mcpo::app {
namespace {

constexpr Millis kEncodeTimeout{20'000};  // the model is loaded first

// Empty when they are not wanted.
std::vector<search::Explanation> explanations(const gateway::View& view,
                                              const search::Ranking& ranking,
                                              const search::Query& query, const CommandLine& line) {
  if (!line.explain) return {};
  return search::explain_hits(view.index(), query, ranking);
}

void print_search_json(const gateway::View& view, const search::Ranking& ranking,
                       const search::Query& query, const CommandLine& line) {
  JsonWriter w;
  w.begin_array();
  const auto why = explanations(view, ranking, query, line);
  for (std::size_t i = 0; i < ranking.hits.size(); ++i) {
    const search::Hit& hit = ranking.hits[i];
    const gateway::ViewTool tool = view.tool(hit.doc);
    w.begin_object()
        .member_number("rank", static_cast<std::int64_t>(i + 1))
        .member("server", tool.server->name());
    w.member("name", tool.tool().name).key("score").number(hit.score);
    optional_member(w, "description",
                    text_member(RawJson::trusted(tool.tool().definition), "description"));
    if (line.explain) gateway::append_explanation(w.key("explain"), why[i]);
    w.end_object();
  }
  w.end_array();
  print(w.take() + "\n");
}

void print_search_table(const gateway::View& view, const search::Ranking& ranking,
                        const search::Query& query, const CommandLine& line) {
  std::vector<std::vector<std::string>> rows;
  const auto why = explanations(view, ranking, query, line);
  for (const search::Hit& hit : ranking.hits) {
    const gateway::ViewTool tool = view.tool(hit.doc);
    const RawJson definition = RawJson::trusted(tool.tool().definition);
    rows.push_back({std::to_string(rows.size() + 1), tool.server->name(), tool.tool().name,
                    fmt::format("{:.2f}", hit.score),
                    line.explain ? gateway::explanation_text(why[rows.size()])
                                 : one_line(text_member(definition, "description"))});
  }
  print(render_table({"#", "SERVER", "TOOL", "SCORE", line.explain ? "WHY" : "DESCRIPTION"}, rows));
  if (!why.empty() && why.front().too_far > 0) {
    print(fmt::format("{} tools are too far in meaning (--tool-distance-threshold)\n",
                      why.front().too_far));
  }
}

std::string no_hits_text(const gateway::View& view, const search::Ranking& ranking) {
  std::string out = "nothing found: " + ranking.note + "\n";
  for (const search::Hit& hit : ranking.candidates) {
    const gateway::ViewTool tool = view.tool(hit.doc);
    out += "  perhaps " + tool.server->name() + " " + tool.tool().name + "\n";
  }
  return out;
}

// What `serve` has learned from calls, where it is to count.
void add_used(const StoredView& stored, const std::string& model, search::Query& query,
              Logger& log) {
  const auto used = stored.store->read_used_tools(model);
  if (!used)
    return log.warn("what was called before could not be read", {{"cause", used.error().message}});
  gateway::UsageBook book;
  book.load(*used, query.embedding->vector.size());
  query.used = book.used_for(*query.embedding, stored.view);
}

// By words where there is no encoder, or it fails: with a line that says so.
async::Co<search::Query> make_query(StoredView& stored, Semantics& semantics, const Config& config,
                                    const CommandLine& line, Logger& log) {
  const gateway::QueryOptions options{.semantic_share = config.semantic_share,
                                      .distance_threshold = config.distance_threshold,
                                      .encode_timeout = kEncodeTimeout};
  gateway::QueryMaker queries(semantics.tools.get(), semantics.why_not, options);
  const std::size_t limit = line.limit > 0 ? line.limit : config.max_tools_to_return;
  gateway::MadeQuery made = co_await queries.make(line.words, "", limit, async::Deadline::never());
  if (made.query.embedding) {
    auto added = add_embeddings(stored, semantics.tools->identity());
    if (!added) made.words_only_because = added.error().message;
    if (config.learn_from_usage) add_used(stored, semantics.tools->identity(), made.query, log);
  }
  const gateway::View& view = *stored.view;
  const std::string note = gateway::words_only_note(made, view.tool_count(), view.embedded_count());
  if (!note.empty() && semantics.tools) log.warn("ranked by words only", {{"cause", note}});
  co_return std::move(made.query);
}

void print_left_out(const gateway::View& view) {
  const gateway::View::LeftOut& out = view.left_out();
  if (out.by_group > 0) print(fmt::format("{} tools are of other groups\n", out.by_group));
  if (out.by_status > 0) print(fmt::format("{} tools are of stopped servers\n", out.by_status));
}

void print_ranking(const gateway::View& view, const search::Query& query, const CommandLine& line) {
  const search::Ranking ranking = view.index().search(query);
  if (line.explain && !line.json) print_left_out(view);
  if (ranking.hits.empty() && line.json) {
    std::fprintf(stderr, "mcp-optimizer: %s", no_hits_text(view, ranking).c_str());
  }
  if (line.json) {
    print_search_json(view, ranking, query, line);
  } else if (ranking.hits.empty()) {
    print(no_hits_text(view, ranking));
  } else {
    print_search_table(view, ranking, query, line);
  }
}

async::Co<int> search(StoredView& stored, const Config& config, const CommandLine& line,
                      async::Runtime& runtime, Logger& log) {
  const SystemClock clock;
  const auto http = http::make_client(runtime.io(), {}, log);
  Semantics semantics = make_semantics(config, *http, clock, runtime.io(), log);
  const search::Query query = co_await make_query(stored, semantics, config, line, log);
  print_ranking(*stored.view, query, line);
  co_return 0;
}

}  // namespace

int run_search(const Config& config, const CommandLine& line, Logger& log) {
  if (trim(line.words).empty()) {
    return report_error({Errc::invalid, "search for what? Say it in words: search \"words\""},
                        line.json),
           2;
  }
  auto stored = load_view(config);
  if (!stored) return report_error(stored.error(), line.json), 1;
  async::Runtime runtime({}, log);
  return runtime.run(search(**stored, config, line, runtime, log),
                     [](int signal) { std::_Exit(128 + signal); });
}

}  // namespace mcpo::app
