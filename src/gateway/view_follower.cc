#include "gateway/view_follower.h"

#include <algorithm>

#include "async/deadline.h"

namespace mcpo::gateway {
namespace {

constexpr Millis kMinPause{5};  // servers that answer together end up in one build
constexpr Millis kMaxPause{500};
constexpr int kPausePerCost = 4;  // at most a fifth of one core goes into building

struct Built {
  std::shared_ptr<const View> view;
  Millis took{0};
};

Millis since(SteadyTime start) {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - start);
}

}  // namespace

ViewFollower::ViewFollower(catalog::LiveCatalog& catalog, Visibility visibility,
                           async::CpuPool& cpu, Logger& log)
    : catalog_(catalog), visibility_(std::move(visibility)), cpu_(cpu), log_(log) {}

void ViewFollower::build_first() {
  const auto start = std::chrono::steady_clock::now();
  auto view = View::build(catalog_.read(), visibility_, cache_);
  publish(std::move(view), since(start));
}

async::Task<void> ViewFollower::run() {
  Millis pause = kMinPause;
  while (true) {
    const auto seen = catalog_.changed().version();
    if (catalog_.read()->version == view_.read()->version()) {
      CO_CHECK_OK(co_await catalog_.changed().wait_change(seen, async::Deadline::never()));
    }
    CO_CHECK_OK(co_await async::sleep_for(pause));
    auto work = [this] {
      const auto start = std::chrono::steady_clock::now();
      auto view = View::build(catalog_.read(), visibility_, cache_);
      return Built{std::move(view), since(start)};
    };
    Built built = co_await async::offload(cpu_, std::move(work));
    pause = std::clamp(built.took * kPausePerCost, kMinPause, kMaxPause);
    publish(std::move(built.view), built.took);
  }
}

void ViewFollower::publish(std::shared_ptr<const View> view, Millis took) {
  log_.debug("tools published", {{"catalog_version", view->version()},
                                 {"tools", view->tool_count()},
                                 {"milliseconds", took.count()}});
  view_.publish(std::move(view));
}

}  // namespace mcpo::gateway
