// For tests of ToolHive as a source: cycles against an ApiFake, with what the catalog would know.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "sources/loop_test_support.h"
#include "sources/toolhive/api_fake.h"
#include "sources/toolhive/toolhive_source.h"

namespace mcpo::sources::toolhive {

struct FinderFake final : Finder {
  async::Task<std::shared_ptr<Api>> find(async::Deadline) override {
    ++finds;
    news = false;
    if (api == nullptr) co_return fail(Errc::not_found, "ToolHive was not found");
    co_return api;
  }
  bool has_news() const override { return news; }
  std::string fixed_place() const override { return fixed; }

  std::shared_ptr<ApiFake> api = std::make_shared<ApiFake>();
  bool news = false;
  std::string fixed;
  int finds = 0;
};

class ToolHiveSourceTest : public LoopTest {
 public:
  ToolHiveSourceTest() {
    options.reading.hash_key = "key";
    options.request_timeout = Millis(60'000);
    options.reading.skipped = {"inspector"};
    restart();
  }
  // As after a restart of the process: what was found is forgotten, what is stored is not.
  void restart() {
    auto fresh = std::make_unique<FinderFake>();
    if (finder != nullptr) {
      fresh->api = finder->api;
      fresh->fixed = finder->fixed;
    }
    finder = fresh.get();
    source = std::make_unique<ToolHiveSource>(context.get_executor(), std::move(fresh), options,
                                              clock, *log);
  }
  ApiFake& api() { return *finder->api; }

  // One cycle; what the catalog would know after it is known before the next.
  Observation observe() {
    Observation out;
    auto body = [](ToolHiveSourceTest& t, Observation& seen) -> async::Co<> {
      seen = co_await t.source->observe(t.history, soon());
    };
    run(body(*this, out));
    learn(out);
    return out;
  }
  void know(const std::string& name, const std::string& created_at = "2026-11-23T14:23:08Z") {
    history.servers.push_back({"", name, created_at});
  }

  ManualClock clock;
  Logger* log = &Logger::none();
  ToolHiveSource::Options options;
  FinderFake* finder = nullptr;
  std::unique_ptr<ToolHiveSource> source;
  History history;

 private:
  void learn(const Observation& seen) {
    for (const auto& [key, value] : seen.memory) {
      if (value) history.memory[key] = *value;
      if (!value) history.memory.erase(key);
    }
    const auto knows = [&](const std::string& name) {
      return std::ranges::find(history.servers, name, &History::KnownServer::name) !=
             history.servers.end();
    };
    for (const Workload& workload : seen.workloads) {
      if (!knows(workload.name)) know(workload.name, workload.created_at);
    }
    for (const Unreadable& gone : seen.gone) {
      std::erase_if(history.servers, [&](const auto& s) { return s.name == gone.name; });
    }
  }
};

inline const Workload& workload(const Observation& seen, const std::string& name) {
  static const Workload kNone;
  const auto found = std::ranges::find(seen.workloads, name, &Workload::name);
  EXPECT_NE(found, seen.workloads.end()) << name;
  return found == seen.workloads.end() ? kNone : *found;
}

}  // namespace mcpo::sources::toolhive
