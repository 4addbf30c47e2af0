#pragma once
/// Observers of blocks that join and leave while blocks are being told. Thread-safe; local class.
#include "consensus/consensus.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

namespace assay::node {

/// Borrows its observers.
class ObserverList final : public consensus::BlockObserver {
public:
    void add(consensus::BlockObserver& observer) {
        const std::lock_guard lock(mutex_);
        observers_.push_back(&observer);
    }
    /// Waits until the block that is being told has been told, unless this thread tells it: afterwards the observer may go.
    void remove(consensus::BlockObserver& observer) {
        const std::scoped_lock lock(telling_, mutex_);
        std::erase(observers_, &observer);
    }
    void on_block(const std::shared_ptr<const consensus::CommittedBlock>& block) override {
        const std::lock_guard telling(telling_);
        for (consensus::BlockObserver* observer : copy()) {
            if (is_listed(observer)) observer->on_block(block); // the one before may have removed it
        }
    }

private:
    std::vector<consensus::BlockObserver*> copy() {
        const std::lock_guard lock(mutex_);
        return observers_;
    }
    bool is_listed(const consensus::BlockObserver* observer) {
        const std::lock_guard lock(mutex_);
        return std::ranges::find(observers_, observer) != observers_.end();
    }

    std::recursive_mutex telling_; ///< held while a block is told
    std::mutex mutex_; ///< guards the list; never held while anybody is told, so that joining does not wait
    std::vector<consensus::BlockObserver*> observers_;
};

/// Has an observer told of blocks as long as it lives.
class Observation {
public:
    Observation(std::shared_ptr<ObserverList> list, consensus::BlockObserver& observer)
        : list_(std::move(list)), observer_(observer) {
        list_->add(observer_);
    }
    ~Observation() { list_->remove(observer_); }
    Observation(const Observation&) = delete;
    Observation& operator=(const Observation&) = delete;

private:
    std::shared_ptr<ObserverList> list_; ///< may outlive whoever tells
    consensus::BlockObserver& observer_;
};

} // namespace assay::node
