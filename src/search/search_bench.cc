// Search by both arms, split into its stages; and by words alone against SQLite's FTS5 (porter,
// bm25() with the same weights) on the same tools and requests, in turns. Counters are CPU
// microseconds a request, and their ratio.
#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <algorithm>
#include <ctime>
#include <random>

#include "search/analyzer.h"
#include "search/bench_corpus.h"
#include "search/embedding.h"
#include "search/engine.h"
#include "search/vector_index.h"

namespace mcpo::search {
namespace {

constexpr std::size_t kRequests = 200;

class Fts5 {
 public:
  explicit Fts5(const std::vector<Document>& documents) {
    sqlite3_open(":memory:", &database_);
    run("CREATE VIRTUAL TABLE tools USING fts5(name, server, description, parameter_names,"
        " parameter_texts, tokenize='porter unicode61', content='')");
    run("BEGIN");
    sqlite3_stmt* insert = prepare(
        "INSERT INTO tools(rowid, name, server, description, parameter_names, parameter_texts)"
        " VALUES(?,?,?,?,?,?)");
    sqlite3_int64 row = 0;
    for (const Document& d : documents) {
      sqlite3_bind_int64(insert, 1, row++);
      int column = 2;
      for (const std::string* text :
           {&d.name, &d.server, &d.description, &d.parameter_names, &d.parameter_texts}) {
        sqlite3_bind_text(insert, column++, text->c_str(), -1, SQLITE_STATIC);
      }
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    run("COMMIT");
    run("INSERT INTO tools(tools) VALUES('optimize')");
    search_ = prepare(
        "SELECT rowid, bm25(tools, 3, 1.5, 1, .6, .5) AS score FROM tools WHERE tools MATCH ?"
        " ORDER BY score LIMIT 8");
  }
  ~Fts5() {
    sqlite3_finalize(search_);
    sqlite3_close(database_);
  }
  Fts5(const Fts5&) = delete;
  Fts5& operator=(const Fts5&) = delete;

  // `match` in FTS5's language. Rows found.
  std::size_t search(const std::string& match) {
    sqlite3_bind_text(search_, 1, match.c_str(), -1, SQLITE_STATIC);
    std::size_t rows = 0;
    while (sqlite3_step(search_) == SQLITE_ROW) ++rows;
    sqlite3_reset(search_);
    return rows;
  }

 private:
  void run(const char* sql) { sqlite3_exec(database_, sql, nullptr, nullptr, nullptr); }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr);
    return statement;
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* search_ = nullptr;
};

// The request's words without stop words, as ours reads them: "create" OR "issue".
std::string match_of(const std::string& request) {
  std::string out;
  Words words;
  split_words(request, words);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (thread_analyzer().term_of(words[i]).empty()) continue;
    out += (out.empty() ? "\"" : " OR \"") + std::string(words[i]) + "\"";
  }
  return out.empty() ? "\"tool\"" : out;
}

double cpu_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void search_against_fts5(benchmark::State& state) {
  const auto documents = bench_documents(static_cast<std::size_t>(state.range(0)));
  const auto requests = bench_requests(documents, kRequests);
  const auto index = build_index(documents);
  Fts5 fts5(documents);
  std::vector<std::string> matches;
  for (const std::string& request : requests) matches.push_back(match_of(request));
  double ours = 0;
  double theirs = 0;
  std::size_t at = 0;
  std::size_t found = 0;
  for (auto _ : state) {
    const double begin = cpu_microseconds();
    found += index->search({.description = requests[at]}).hits.size();
    const double between = cpu_microseconds();
    found += fts5.search(matches[at]);
    theirs += cpu_microseconds() - between;
    ours += between - begin;
    at = (at + 1) % kRequests;
  }
  benchmark::DoNotOptimize(found);
  const auto runs = static_cast<double>(state.iterations());
  state.counters["ours_us"] = ours / runs;
  state.counters["fts5_us"] = theirs / runs;
  state.counters["fts5/ours"] = theirs / ours;
  state.counters["index_MB"] = static_cast<double>(index->memory_bytes()) / 1e6;
}
BENCHMARK(search_against_fts5)->Arg(3000)->Arg(10000)->MinTime(2);

constexpr std::size_t kDimension = 384;
constexpr std::size_t kNameTokens = 4;
constexpr std::size_t kRequestTokens = 20;

std::vector<float> random_vector(std::mt19937& random) {
  std::normal_distribution<float> normal(0, .051F);
  std::vector<float> out(kDimension);
  for (float& x : out) x = normal(random);
  return out;
}

std::shared_ptr<const DocumentEmbedding> random_embedding(std::mt19937& random) {
  auto out = std::make_shared<DocumentEmbedding>(DocumentEmbedding{
      .vector = to_fixed(random_vector(random)), .description = to_fixed(random_vector(random))});
  out->name_rows.dimension = kDimension;
  out->name_rows.scales.assign(kNameTokens, .001F);
  for (std::size_t i = 0; i < kNameTokens * kDimension; ++i) {
    out->name_rows.values.push_back(static_cast<std::int8_t>(random() % 256));
  }
  for (std::size_t i = 0; i < 25; ++i) {
    out->pieces.push_back(static_cast<std::uint32_t>(1000 * i + random() % 1000));
  }
  out->name_pieces.assign(out->pieces.begin(), out->pieces.begin() + kNameTokens);
  return out;
}

std::shared_ptr<const RequestEmbedding> random_request(std::mt19937& random) {
  auto out = std::make_shared<RequestEmbedding>(
      RequestEmbedding{.vector = to_fixed(random_vector(random))});
  for (std::size_t i = 0; i < kRequestTokens; ++i) {
    const auto row = to_fixed(random_vector(random));
    out->rows.insert(out->rows.end(), row.begin(), row.end());
  }
  return out;
}

// Times of one stage, one per request.
struct Stage {
  std::vector<double> times;

  template <class F>
  void run(F work) {
    const double begin = cpu_microseconds();
    work();
    times.push_back(cpu_microseconds() - begin);
  }
  double percentile(double share) {
    std::ranges::sort(times);
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  }
};

// Inference is not in it: the embed module measures that.
void search_by_both_arms(benchmark::State& state) {
  std::mt19937 random(1);
  const auto documents = bench_documents(static_cast<std::size_t>(state.range(0)));
  const auto requests = bench_requests(documents, kRequests);
  Part part{.documents = prepare(documents)};
  for (std::size_t i = 0; i < documents.size(); ++i) {
    part.embeddings.push_back(random_embedding(random));
  }
  const VectorIndex vectors(std::span(&part, 1));
  const auto index = build_index({part});
  Stage tokenise, words, vector, both;
  std::vector<float> cosines;
  std::size_t at = 0;
  for (auto _ : state) {
    Query query{.description = requests[at]};
    words.run([&] { benchmark::DoNotOptimize(index->search(query)); });
    query.embedding = random_request(random);
    tokenise.run([&] {
      thread_analyzer().for_each_term(query.description,
                                      [](auto term) { benchmark::DoNotOptimize(term); });
    });
    vector.run([&] { vectors.cosines(query.embedding->vector, cosines); });
    both.run([&] { benchmark::DoNotOptimize(index->search(query)); });
    at = (at + 1) % kRequests;
  }
  const auto put = [&](const char* name, Stage& stage) {
    state.counters[std::string(name) + "_p50"] = stage.percentile(.5);
    state.counters[std::string(name) + "_p99"] = stage.percentile(.99);
  };
  put("tokenise", tokenise);
  put("words_alone", words);
  put("vector", vector);
  put("both", both);
  state.counters["fuse+head_p50"] =
      both.percentile(.5) - vector.percentile(.5) - words.percentile(.5);
  state.counters["KB_a_tool"] =
      static_cast<double>(index->memory_bytes()) / 1e3 / static_cast<double>(documents.size());
}
BENCHMARK(search_by_both_arms)->Arg(500)->Arg(3000)->Arg(10000)->Arg(100000)->Iterations(400);

void build_from_parts(benchmark::State& state) {
  const auto documents = bench_documents(static_cast<std::size_t>(state.range(0)));
  constexpr std::size_t kToolsOfAServer = 30;
  std::vector<Part> parts;
  for (std::size_t at = 0; at < documents.size(); at += kToolsOfAServer) {
    const std::size_t end = std::min(documents.size(), at + kToolsOfAServer);
    const std::vector<Document> some(documents.begin() + static_cast<std::ptrdiff_t>(at),
                                     documents.begin() + static_cast<std::ptrdiff_t>(end));
    parts.push_back({.documents = prepare(some)});
  }
  for (auto _ : state) benchmark::DoNotOptimize(build_index(parts));
}
BENCHMARK(build_from_parts)->Arg(3000)->Arg(10000)->Unit(benchmark::kMillisecond);

void prepare_documents(benchmark::State& state) {
  const auto documents = bench_documents(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(prepare(documents));
}
BENCHMARK(prepare_documents)->Arg(3000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mcpo::search
