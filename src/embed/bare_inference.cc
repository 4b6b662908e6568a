// Bare inference, for bench/semantic.mjs to compare with: the texts of stdin, a line each,
// tokenised beforehand, through OnnxSession::run() on as many threads as asked for.
//
//   bare_inference SHARE_FOLDER THREADS <texts     prints {"texts", "seconds", "cpu_seconds"}
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <vector>

#include "embed/onnx_embedder.h"

namespace mcpo::embed {
namespace {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int measure(const std::string& folder, int threads) {
  const auto files = find_model({.model_dir = folder});
  if (!files) return std::fprintf(stderr, "%s\n", files.error().message.c_str()), 1;
  const auto embedder = OnnxEmbedder::load(*files);
  if (!embedder) return std::fprintf(stderr, "%s\n", embedder.error().message.c_str()), 1;
  std::vector<std::vector<std::int64_t>> inputs;
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<Token> tokens;
    inputs.push_back((*embedder)->input_ids({.text = line}, tokens));
  }
  (void)(*embedder)->session().run(inputs.front());
  std::atomic<std::size_t> next = 0;
  const double cpu = cpu_seconds();
  const auto begun = std::chrono::steady_clock::now();
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (std::size_t at = next++; at < inputs.size(); at = next++) {
        (void)(*embedder)->session().run(inputs[at]);
      }
    });
  }
  workers.clear();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::printf("{\"texts\":%zu,\"seconds\":%f,\"cpu_seconds\":%f}\n", inputs.size(), took.count(),
              cpu_seconds() - cpu);
  return 0;
}

}  // namespace
}  // namespace mcpo::embed

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "bare_inference SHARE_FOLDER THREADS <texts\n"), 2;
  return mcpo::embed::measure(argv[1], std::atoi(argv[2]));
}
