// Lexical search against SQLite's FTS5 (porter, bm25() with the same weights) on the same tools and
// requests, in turns. Counters are CPU microseconds a request, and their ratio.
#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <algorithm>
#include <ctime>

#include "search/analyzer.h"
#include "search/bench_corpus.h"
#include "search/engine.h"

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
