#include "search/test_corpus.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "base/json.h"
#include "search/analyzer.h"
#include "search/term_table.h"

namespace mcpo::search {
namespace {

constexpr std::size_t kDimension = 256;

std::string text_of(RawJson object, std::string_view name) {
  const auto value = object.find(name);
  return value ? value->as_string().value_or("") : std::string();
}

template <class F>
void for_each_line(const char* name, F each) {
  std::ifstream file(std::string(MCPO_RETRIEVAL_FOLDER "/") + name);
  for (std::string line; std::getline(file, line);) {
    if (const auto parsed = parse_json(line, {})) each(*parsed);
  }
}

void add_tool(TestCorpus& corpus, RawJson line) {
  Document tool{.server = text_of(line, "server"),
                .name = text_of(line, "name"),
                .description = text_of(line, "description"),
                .server_description = text_of(line, "server_description")};
  const auto schema = line.find("input_schema");
  const auto properties = schema ? schema->find("properties") : std::nullopt;
  if (properties) {
    for (const auto& member : properties->members()) {
      tool.parameter_names += member.name() + " ";
    }
  }
  corpus.ids.push_back(text_of(line, "id"));
  corpus.tools.push_back(std::move(tool));
}

void add_request(TestCorpus& corpus, RawJson line) {
  LabelledRequest request{.text = text_of(line, "query")};
  const auto groups = line.find("groups");
  if (!groups) return;
  for (const RawJson group : groups->elements()) {
    auto& ids = request.groups.emplace_back();
    for (const RawJson id : group.elements()) ids.push_back(id.as_string().value_or(""));
  }
  corpus.requests.push_back(std::move(request));
}

// Each term of the text in turn.
std::vector<std::uint64_t> hashes_of(std::string_view text) {
  std::vector<std::uint64_t> out;
  thread_analyzer().for_each_term(text,
                                  [&](std::string_view term) { out.push_back(term_hash(term)); });
  return out;
}

std::vector<float> bag_of(std::string_view text) {
  std::vector<float> out(kDimension, .01F);
  for (const std::uint64_t hash : hashes_of(text)) out[hash % kDimension] += 1;
  float squares = 0;
  for (const float x : out) squares += x * x;
  for (float& x : out) x /= std::sqrt(squares);
  return out;
}

}  // namespace

DocId TestCorpus::number(const std::string& id) const {
  return static_cast<DocId>(std::ranges::find(ids, id) - ids.begin());
}

const TestCorpus& test_corpus() {
  static const TestCorpus corpus = [] {
    TestCorpus out;
    for_each_line("tools.jsonl", [&](RawJson line) { add_tool(out, line); });
    for_each_line("queries.jsonl", [&](RawJson line) { add_request(out, line); });
    return out;
  }();
  return corpus;
}

std::shared_ptr<const DocumentEmbedding> hashed_words(const Document& document) {
  auto out = std::make_shared<DocumentEmbedding>();
  const SemanticText text = semantic_text(document);
  out->vector = to_fixed(bag_of(text.text));
  if (!text.description().empty()) out->description = to_fixed(bag_of(text.description()));
  for (const std::uint64_t hash : hashes_of(text.text)) {
    out->pieces.push_back(static_cast<std::uint32_t>(hash % 65'536));
  }
  std::ranges::sort(out->pieces);
  const auto rest = std::ranges::unique(out->pieces);
  out->pieces.erase(rest.begin(), rest.end());
  out->name_rows.dimension = kDimension;
  const auto name =
      std::string_view(text.text).substr(text.name_begin, text.name_end - text.name_begin);
  for (const std::uint64_t hash : hashes_of(name)) {
    out->name_pieces.push_back(static_cast<std::uint32_t>(hash % 65'536));
    out->name_rows.scales.push_back(1.F / 127);
    out->name_rows.values.resize(out->name_rows.values.size() + kDimension);
    out->name_rows.values[out->name_rows.values.size() - kDimension + hash % kDimension] = 127;
  }
  return out;
}

std::shared_ptr<const RequestEmbedding> hashed_words(const Query& query) {
  auto out = std::make_shared<RequestEmbedding>();
  const auto texts = request_texts(query);
  out->vector = to_fixed(bag_of(texts[0]));
  for (std::size_t i = 1; i < texts.size(); ++i) {
    out->sentences.push_back(to_fixed(bag_of(texts[i])));
  }
  for (const std::uint64_t hash : hashes_of(texts[0])) {
    out->rows.resize(out->rows.size() + kDimension);
    out->rows[out->rows.size() - kDimension + hash % kDimension] = 16384;
  }
  return out;
}

}  // namespace mcpo::search
