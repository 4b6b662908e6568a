// What encoding costs beside bare inference: the same inputs through OnnxSession::run() alone and
// through the whole way, in turns. Needs the model (./do setup); MCPO_BENCH_TOOLS=servers.jsonl
// takes real tools' texts.
#include <benchmark/benchmark.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <thread>

#include "base/json.h"
#include "embed/local_encoder.h"
#include "embed/onnx_embedder.h"
#include "embed/test_model.h"

namespace mcpo::embed {
namespace {

namespace asio = boost::asio;
constexpr std::size_t kTexts = 128;

std::shared_ptr<const OnnxEmbedder> embedder() {
  static const auto kLoaded = []() -> std::shared_ptr<const OnnxEmbedder> {
    const auto files = find_model(test_places());
    if (!files) return nullptr;
    auto loaded = OnnxEmbedder::load(*files);
    return loaded ? std::move(*loaded) : nullptr;
  }();
  return kLoaded;
}

std::string made_up(std::size_t words) {
  static constexpr std::string_view kWords[]{"create",  "issue",   "repository", "the",
                                             "file",    "of",      "returns",    "list",
                                             "message", "channel", "query"};
  std::string text = "github words: ";
  for (std::size_t i = 0; i < words; ++i) {
    text += std::string(kWords[(i * i + words) % std::size(kWords)]) + " ";
  }
  return text;
}

// Texts as of tools: half of them short, some long.
std::vector<std::string> tool_texts() {
  std::vector<std::string> texts;
  const char* file = std::getenv("MCPO_BENCH_TOOLS");
  std::ifstream in(file != nullptr ? file : "");
  for (std::string line; std::getline(in, line) && texts.size() < kTexts;) {
    const auto server = parse_json(line, {});
    const auto tools = server ? server->find("tools") : std::nullopt;
    std::size_t taken = 0;
    for (const RawJson tool : tools.value_or(RawJson()).elements()) {
      if (++taken > 4) break;
      const auto text = tool.find("description");
      texts.push_back(text ? text->as_string().value_or("") : "");
    }
  }
  while (texts.size() < kTexts) texts.push_back(made_up(5 + texts.size() * 7 % 60));
  return texts;
}

void tokenize(benchmark::State& state) {
  const auto model = embedder();
  if (!model) return state.SkipWithError("the model is not here");
  const auto texts = tool_texts();
  std::size_t bytes = 0;
  std::vector<Token> tokens;
  for (auto _ : state) {
    for (const std::string& text : texts) {
      tokens.clear();
      model->wordpiece().tokenize(text, SIZE_MAX, tokens);
      bytes += text.size();
      benchmark::DoNotOptimize(tokens.data());
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(texts.size()));
}
BENCHMARK(tokenize)->Unit(benchmark::kMicrosecond);

// The argument is the number of words.
void encode_one(benchmark::State& state) {
  const auto model = embedder();
  if (!model) return state.SkipWithError("the model is not here");
  const EncodeJob job{.text = made_up(static_cast<std::size_t>(state.range(0))),
                      .role = Role::query,
                      .rows = Rows::all,
                      .max_tokens = 512};
  std::size_t tokens = 0;
  for (auto _ : state) tokens = model->encode(job)->tokens.size();
  state.counters["tokens"] = static_cast<double>(tokens + 2);
}
BENCHMARK(encode_one)->Arg(4)->Arg(14)->Arg(60)->Arg(124)->Arg(252)->Unit(benchmark::kMillisecond);

struct Cost {
  double wall = 0;  // seconds
  double cpu = 0;   // of the process
};

Cost operator+(Cost a, Cost b) { return {a.wall + b.wall, a.cpu + b.cpu}; }

Cost measure(const std::function<void()>& work) {
  const auto begun = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  work();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;
  return {wall.count(), static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC};
}

using Inputs = std::vector<std::vector<std::int64_t>>;

void run_bare(const OnnxEmbedder& model, const Inputs& inputs, std::size_t threads) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> pool;
  for (std::size_t i = 0; i < threads; ++i) {
    pool.emplace_back([&] {
      for (std::size_t at; (at = next++) < inputs.size();) {
        benchmark::DoNotOptimize(model.session().run(inputs[at])->rows.data());
      }
    });
  }
}

async::Co<> encode_all(LocalEncoder& encoder, std::vector<EncodeJob> jobs) {
  auto encodings =
      co_await encoder.encode(std::move(jobs), Priority::bulk, async::Deadline::never());
  benchmark::DoNotOptimize(encodings.has_value());
}

// The argument is the number of threads.
void texts_per_second(benchmark::State& state) {
  const auto model = embedder();
  if (!model) return state.SkipWithError("the model is not here");
  const auto threads = static_cast<std::size_t>(state.range(0));
  std::vector<EncodeJob> jobs;
  Inputs inputs;
  for (const std::string& text : tool_texts()) {
    jobs.push_back({.text = text, .rows = Rows::all});
    std::vector<Token> tokens;
    inputs.push_back(model->input_ids(jobs.back(), tokens));
  }
  asio::io_context context{1};
  LocalEncoder encoder(
      context.get_executor(),
      [&](const std::stop_token&) -> Result<std::shared_ptr<const TextModel>> { return model; },
      {.threads = threads}, Logger::none());
  Cost bare, ours;
  for (auto _ : state) {
    bare = bare + measure([&] { run_bare(*model, inputs, threads); });
    ours = ours + measure([&] {
             context.restart();
             asio::co_spawn(context, encode_all(encoder, jobs), asio::detached);
             context.run();
           });
  }
  const double texts = static_cast<double>(kTexts) * static_cast<double>(state.iterations());
  state.counters["bare/s"] = texts / bare.wall;
  state.counters["ours/s"] = texts / ours.wall;
  state.counters["speed_ratio"] = bare.wall / ours.wall;
  state.counters["cpu_ratio"] = ours.cpu / bare.cpu;
}
BENCHMARK(texts_per_second)->Arg(1)->Arg(2)->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mcpo::embed
