// `eval`: ranks the tools of one file for the queries of another, so that search can be measured
// from outside. Formats: drop-in section 3.
#include <fstream>

#include "app/commands.h"
#include "app/output.h"
#include "app/semantics.h"
#include "async/runtime.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/query_maker.h"
#include "gateway/tool_document.h"
#include "search/embedding.h"
#include "search/engine.h"

namespace mcpo::app {
namespace {

constexpr std::size_t kDefaultLimit = 50;
constexpr std::size_t kEncodeAtOnce = 128;  // spread over the encoder's threads
constexpr Millis kEncodeTimeout{60'000};

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

Result<std::string> required(RawJson object, std::string_view name) {
  std::string text = text_member(object, name);
  if (text.empty()) return fail(Errc::invalid, "needs a string \"" + std::string(name) + "\"");
  return text;
}

struct Corpus {
  std::vector<std::string> ids;
  std::vector<search::Document> documents;
};

// What is searched is made of it as of a server's own tool.
Result<void> add_tool(Corpus& corpus, RawJson line) {
  TRY(std::string id, required(line, "id"));
  JsonWriter definition;
  definition.begin_object().member("title", text_member(line, "title"));
  definition.member("description", text_member(line, "description")).key("inputSchema");
  definition.raw(line.find("input_schema").value_or(RawJson::trusted("{}"))).end_object();
  const std::string json = definition.take();
  search::Document document = gateway::tool_document(RawJson::trusted(json));
  document.name = text_member(line, "name");
  document.server = text_member(line, "server");
  document.server_description = text_member(line, "server_description");
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

struct Question {
  std::string id;
  std::string text;
};

Result<std::vector<Question>> read_questions(const std::string& path) {
  std::vector<Question> out;
  auto add = [&](RawJson object) -> Result<void> {
    TRY(std::string id, required(object, "id"));
    std::string text = text_member(object, "query");  // an empty one finds nothing
    out.push_back({std::move(id), std::move(text)});
    return {};
  };
  CHECK_OK(for_each_line(path, add));
  return out;
}

// Lexical 0, semantic 1, hybrid as configured.
double semantic_share(const CommandLine& line, const Config& config) {
  if (line.eval_arm == "lexical") return 0;
  if (line.eval_arm == "semantic") return 1;
  const bool asked = line.eval_arm == "hybrid";
  return asked && config.semantic_share == 0 ? Config{}.semantic_share : config.semantic_share;
}

using Embeddings = std::vector<std::shared_ptr<const search::DocumentEmbedding>>;

async::Task<Embeddings> encode_all(embed::ToolEncoder& encoder,
                                   const std::vector<search::Document>& documents) {
  Embeddings out;
  for (std::size_t at = 0; at < documents.size();) {
    std::vector<search::SemanticText> texts;
    for (; at < documents.size() && texts.size() < kEncodeAtOnce; ++at) {
      texts.push_back(search::semantic_text(documents[at]));
    }
    CO_TRY(auto made,
           co_await encoder.encode_documents(std::move(texts), async::Deadline::never()));
    for (auto& one : made) {
      out.push_back(std::make_shared<const search::DocumentEmbedding>(std::move(one)));
    }
  }
  co_return out;
}

// `encoder` null: to be found by words.
async::Task<std::unique_ptr<const search::Index>> index_of(
    const std::vector<search::Document>& documents, embed::ToolEncoder* encoder) {
  search::Part part{.documents = search::prepare(documents)};
  if (encoder != nullptr) {
    CO_TRY(part.embeddings, co_await encode_all(*encoder, documents));
  }
  co_return search::build_index(std::vector<search::Part>{std::move(part)});
}

// Without an arm that was asked for, words do where the encoder does not.
async::Task<void> check_encoder(Semantics& semantics, const CommandLine& line) {
  const bool needed = line.eval_arm == "semantic" || line.eval_arm == "hybrid";
  Result<void> ready = fail(Errc::unavailable, semantics.why_not);
  if (semantics.tools) ready = co_await semantics.encoder->ready(async::Deadline::never());
  if (ready) co_return ready;
  if (needed) {
    co_return fail(Errc::unavailable, "--arm " + line.eval_arm + ": " + ready.error().message);
  }
  semantics.tools.reset();
  co_return Result<void>{};
}

async::Task<std::size_t> evaluate(const CommandLine& line, Config config, async::Executor executor,
                                  Logger& log) {
  Corpus corpus;
  CO_CHECK_OK(for_each_line(line.eval_tools, [&](RawJson tool) { return add_tool(corpus, tool); }));
  CO_TRY(auto questions, read_questions(line.eval_queries));
  std::ofstream out(line.eval_run, std::ios::trunc);
  if (!out) co_return fail(Errc::denied, line.eval_run + ": cannot be written");
  config.semantic_share = semantic_share(line, config);
  const SystemClock clock;
  const auto http = http::make_client(executor, {}, log);
  Semantics semantics = make_semantics(config, *http, clock, executor, log);
  CO_CHECK_OK(co_await check_encoder(semantics, line));
  CO_TRY(const auto index, co_await index_of(corpus.documents, semantics.tools.get()));
  gateway::QueryMaker queries(semantics.tools.get(), "",
                              {.semantic_share = config.semantic_share,
                               .distance_threshold = config.distance_threshold,
                               .encode_timeout = kEncodeTimeout});
  for (const Question& question : questions) {
    const std::size_t limit = line.limit > 0 ? line.limit : kDefaultLimit;
    const auto made = co_await queries.make(question.text, "", limit, async::Deadline::never());
    if (semantics.tools && !made.words_only_because.empty()) {
      co_return fail(Errc::unavailable, question.id + ": " + made.words_only_because);
    }
    out << run_line(question.id, index->search(made.query), corpus.ids);
  }
  out.flush();
  if (!out) co_return fail(Errc::denied, line.eval_run + ": cannot be written");
  co_return questions.size();
}

async::Co<int> run(const CommandLine& line, const Config& config, async::Runtime& runtime,
                   Logger& log) {
  auto done = co_await evaluate(line, config, runtime.io(), log);
  if (!done) {
    report_error(done.error(), line.json);
    co_return 1;
  }
  if (line.json) {
    JsonWriter w;
    w.begin_object().member_number("queries", static_cast<std::int64_t>(*done));
    w.member("run", line.eval_run).end_object();
    print(w.take() + "\n");
  } else {
    print(std::to_string(*done) + " queries ranked into " + line.eval_run + "\n");
  }
  co_return 0;
}

}  // namespace

int run_eval(const Config& config, const CommandLine& line, Logger& log) {
  async::Runtime runtime({}, log);
  return runtime.run(run(line, config, runtime, log), [](int signal) { std::_Exit(128 + signal); });
}

}  // namespace mcpo::app
