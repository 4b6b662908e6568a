// `eval`: ranks the tools of one file for the queries of another, so that search can be measured
// from outside. Formats: drop-in section 3.
#include <cstdio>
#include <fstream>

#include "app/commands.h"
#include "base/json.h"
#include "base/text.h"
#include "mcp/tool.h"
#include "search/engine.h"

namespace mcpo::app {
namespace {

constexpr std::size_t kDefaultLimit = 50;

// Calls `each` with every line's object. Errors name file and line.
template <class F>
Result<void> for_each_line(const std::string& path, F each) {
  std::ifstream file(path);
  if (!file) return fail(Errc::not_found, path + ": cannot be read");
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (trim(line).empty()) continue;
    const std::string where = path + ":" + std::to_string(number);
    auto parsed = parse_json(line, {});
    if (!parsed) return std::unexpected(with_context(parsed.error(), where));
    auto done = each(*parsed);
    if (!done) return std::unexpected(with_context(done.error(), where));
  }
  return {};
}

std::string text_of(RawJson object, std::string_view name) {
  const auto value = object.find(name);
  return value ? value->as_string().value_or("") : std::string();
}

Result<std::string> required(RawJson object, std::string_view name) {
  std::string text = text_of(object, name);
  if (text.empty()) return fail(Errc::invalid, "needs a string \"" + std::string(name) + "\"");
  return text;
}

struct Corpus {
  std::vector<std::string> ids;
  std::vector<search::Document> documents;
};

Result<void> add_tool(Corpus& corpus, RawJson line) {
  TRY(std::string id, required(line, "id"));
  search::Document document;
  document.server = text_of(line, "server");
  document.name = text_of(line, "name");
  document.title = text_of(line, "title");
  document.description = text_of(line, "description");
  document.server_description = text_of(line, "server_description");
  JsonWriter definition;
  definition.begin_object().member("name", document.name).key("inputSchema");
  definition.raw(line.find("input_schema").value_or(RawJson::trusted("{}"))).end_object();
  const std::string json = definition.take();
  mcp::ParameterTexts parameters = mcp::parameter_texts(RawJson::trusted(json));
  document.parameter_names = std::move(parameters.names);
  document.parameter_texts = std::move(parameters.texts);
  corpus.ids.push_back(std::move(id));
  corpus.documents.push_back(std::move(document));
  return {};
}

std::string run_line(const std::string& id, const search::Ranking& ranking,
                     const std::vector<std::string>& ids) {
  JsonWriter w;
  w.begin_object().member("id", id).key("ranked").begin_array();
  for (const search::Hit& hit : ranking.hits) w.string(ids[hit.doc]);
  w.end_array().end_object();
  return w.take() + "\n";
}

Result<std::size_t> evaluate(const CommandLine& line) {
  Corpus corpus;
  CHECK_OK(for_each_line(line.eval_tools, [&](RawJson tool) { return add_tool(corpus, tool); }));
  const auto index = search::build_index(std::move(corpus.documents));
  std::ofstream out(line.eval_run, std::ios::trunc);
  std::size_t queries = 0;
  auto rank = [&](RawJson object) -> Result<void> {
    TRY(std::string id, required(object, "id"));
    TRY(std::string text, required(object, "query"));
    search::Query query;
    query.description = std::move(text);
    query.limit = line.limit > 0 ? line.limit : kDefaultLimit;
    out << run_line(id, index->search(query), corpus.ids);
    ++queries;
    return {};
  };
  CHECK_OK(for_each_line(line.eval_queries, rank));
  out.flush();
  if (!out) return fail(Errc::denied, line.eval_run + ": cannot be written");
  return queries;
}

}  // namespace

int run_eval(const CommandLine& line) {
  auto done = evaluate(line);
  if (!done) return report_error(done.error(), line.json), 1;
  if (line.json) {
    JsonWriter w;
    w.begin_object().member_number("queries", static_cast<std::int64_t>(*done));
    w.member("run", line.eval_run).end_object();
    std::puts(w.take().c_str());
  } else {
    std::printf("%zu queries ranked into %s\n", *done, line.eval_run.c_str());
  }
  return 0;
}

}  // namespace mcpo::app
