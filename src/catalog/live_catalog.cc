#include "catalog/live_catalog.h"

namespace mcpo::catalog {

LiveCatalog::LiveCatalog(async::Executor executor, std::unique_ptr<Store> store, Ptr initial,
                         Logger& log)
    : store_(std::move(store)),
      current_(std::move(initial)),
      changed_(std::move(executor)),
      log_(log) {}

LiveCatalog::~LiveCatalog() { writer_.stop(); }

Result<std::unique_ptr<LiveCatalog>> LiveCatalog::open(async::Executor executor,
                                                       std::unique_ptr<Store> store, Logger& log) {
  TRY(Catalog initial, store->read_all());
  auto first = std::make_shared<const Catalog>(std::move(initial));
  return std::unique_ptr<LiveCatalog>(
      new LiveCatalog(std::move(executor), std::move(store), std::move(first), log));
}

async::Task<LiveCatalog::Ptr> LiveCatalog::apply(ChangeSet changes) {
  auto work = [this, changes = std::move(changes)]() -> Result<Ptr> {
    Ptr known = current_.read();
    TRY(Catalog next, store_->apply(*known, changes));
    if (next.version == known->version) return known;
    return publish(std::move(next));
  };
  co_return co_await on_writer(std::move(work), write_trouble_);
}

async::Task<Vectors> LiveCatalog::read_vectors(std::string model, std::vector<ContentHash> hashes) {
  auto work = [this, model = std::move(model), hashes = std::move(hashes)] {
    return store_->read_vectors(model, hashes);
  };
  co_return co_await async::offload(writer_, std::move(work));
}

async::Task<void> LiveCatalog::write_vectors(
    std::string model, std::vector<std::pair<ContentHash, std::string>> vectors) {
  auto work = [this, model = std::move(model), vectors = std::move(vectors)] {
    return store_->write_vectors(model, vectors);
  };
  co_return co_await async::offload(writer_, std::move(work));
}

async::Task<void> LiveCatalog::prune_vectors(std::string model, std::vector<ContentHash> keep) {
  auto work = [this, model = std::move(model), keep = std::move(keep)] {
    return store_->prune_vectors(model, keep);
  };
  co_return co_await async::offload(writer_, std::move(work));
}

async::Task<std::vector<UsedTool>> LiveCatalog::read_used_tools(std::string model) {
  auto work = [this, model = std::move(model)] { return store_->read_used_tools(model); };
  co_return co_await async::offload(writer_, std::move(work));
}

async::Task<void> LiveCatalog::add_used_tool(std::string model, UsedTool used) {
  auto work = [this, model = std::move(model), used = std::move(used)] {
    return store_->add_used_tool(model, used);
  };
  co_return co_await async::offload(writer_, std::move(work));
}

async::Task<std::unique_ptr<Lease>> LiveCatalog::try_lead(SourceInstance origin, std::string what) {
  auto work = [this, origin = std::move(origin), what = std::move(what)] {
    return store_->try_lead(origin, what);
  };
  co_return co_await async::offload(writer_, std::move(work));
}

async::Task<std::optional<Leader>> LiveCatalog::who_leads(SourceInstance origin) {
  auto work = [this, origin = std::move(origin)] { return store_->who_leads(origin); };
  co_return co_await async::offload(writer_, std::move(work));
}

async::Task<std::vector<Leader>> LiveCatalog::leaders() {
  auto work = [this] { return store_->leaders(); };
  co_return co_await async::offload(writer_, std::move(work));
}

async::Task<void> LiveCatalog::follow(Millis interval) {
  while (true) {
    CO_CHECK_OK(co_await async::sleep_for(interval));
    auto work = [this]() -> Result<Ptr> {
      Ptr known = current_.read();
      TRY(std::optional<Catalog> next, store_->read_since(*known));
      if (!next) return known;
      return publish(*std::move(next));
    };
    (void)co_await on_writer(std::move(work), read_trouble_);
  }
}

LiveCatalog::Ptr LiveCatalog::publish(Catalog next) {
  auto published = std::make_shared<const Catalog>(std::move(next));
  current_.publish(published);
  return published;
}

async::Task<LiveCatalog::Ptr> LiveCatalog::on_writer(std::function<Result<Ptr>()> work,
                                                     Trouble& trouble) {
  const auto before = current_.read()->version;
  Result<Ptr> outcome = co_await async::offload(writer_, std::move(work));
  note(outcome, trouble);
  if (outcome && (*outcome)->version != before) changed_.notify_all();
  co_return outcome;
}

void LiveCatalog::note(const Result<Ptr>& outcome, Trouble& trouble) {
  std::string now = outcome ? std::string() : outcome.error().message;
  if (now == trouble.reason) return;
  const std::string_view what = &trouble == &write_trouble_ ? "written" : "read";
  if (now.empty()) {
    log_.info("the catalog can be " + std::string(what) + " again");
  } else {
    log_.error("the catalog cannot be " + std::string(what) + "; what is in memory goes on",
               {{"cause", now}});
  }
  if (!trouble) trouble.since = SystemClock().wall_now();
  trouble.reason = std::move(now);
}

}  // namespace mcpo::catalog
