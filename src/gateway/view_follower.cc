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

ViewFollower::ViewFollower(async::Executor executor, catalog::LiveCatalog& catalog,
                           Visibility visibility, const EmbeddingBook& embeddings,
                           async::CpuPool& cpu, Logger& log)
    : catalog_(catalog),
      visibility_(std::move(visibility)),
      cpu_(cpu),
      log_(log),
      embeddings_(embeddings),
      published_(std::move(executor)) {}

void ViewFollower::build_now() {
  const auto start = std::chrono::steady_clock::now();
  auto view = View::build(catalog_.read(), visibility_, cache_, embeddings_);
  publish(std::move(view), embeddings_version_, since(start));
}

async::Task<void> ViewFollower::run() {
  Millis pause = kMinPause;
  while (true) {
    CO_CHECK_OK(co_await wait_for_news());
    CO_CHECK_OK(co_await async::sleep_for(pause));
    const std::uint64_t embeddings = embeddings_version_;
    auto work = [this] {
      const auto start = std::chrono::steady_clock::now();
      auto view = View::build(catalog_.read(), visibility_, cache_, embeddings_);
      return Built{std::move(view), since(start)};
    };
    Built built = co_await async::offload(cpu_, std::move(work));
    pause = std::clamp(built.took * kPausePerCost, kMinPause, kMaxPause);
    publish(std::move(built.view), embeddings, built.took);
  }
}

async::Task<void> ViewFollower::wait_for_news() {
  while (shows_all_embeddings() && catalog_.read()->version == view_.read()->version()) {
    auto& changed = catalog_.changed();
    CO_CHECK_OK(co_await changed.wait_change(changed.version(), async::Deadline::never()));
  }
  co_return Result<void>{};
}

void ViewFollower::embeddings_changed() {
  ++embeddings_version_;
  catalog_.changed().notify_all();  // it is what run() waits on
}

void ViewFollower::publish(std::shared_ptr<const View> view, std::uint64_t embeddings,
                           Millis took) {
  log_.debug("tools published", {{"catalog_version", view->version()},
                                 {"tools", view->tool_count()},
                                 {"milliseconds", took.count()}});
  view_.publish(std::move(view));
  shown_embeddings_ = embeddings;
  published_.notify_all();
}

}  // namespace mcpo::gateway
