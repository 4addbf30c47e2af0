#include "storage/lmdb_file_check.h"

#include "base/mapped_file.h"
#include "storage/damage.h"
#include "storage/entry_checksum.h"
#include "storage/files.h"
#include "storage/lmdb_file_format.h"
#include "storage/limits.h"

#include <algorithm>
#include <bit>
#include <fcntl.h>
#include <sys/file.h>

namespace assay::storage {

using namespace lmdb_format;

std::optional<Node> lmdb_format::read_node(ByteView page, std::size_t at, bool is_leaf) {
    if (at % 2 != 0 || at + kNodeHeaderBytes > page.size()) return std::nullopt;
    const std::uint32_t low = read<std::uint16_t>(page, at);
    const std::uint32_t high = read<std::uint16_t>(page, at + 2);
    const auto flags = read<std::uint16_t>(page, at + 4);
    const std::size_t key_bytes = read<std::uint16_t>(page, at + 6);
    const std::uint32_t data_bytes = low | high << 16;
    const bool overflows = (flags & kNodeOverflow) != 0;
    const std::size_t data_inside = !is_leaf ? 0 : overflows ? sizeof(std::uint64_t) : data_bytes;
    const std::size_t key_at = at + kNodeHeaderBytes;
    if (key_bytes > page.size() - key_at || data_inside > page.size() - key_at - key_bytes) return std::nullopt;
    Node node{};
    node.flags = is_leaf ? flags : std::uint16_t{0};
    node.child = data_bytes | std::uint64_t{flags} << 32;
    node.data_bytes = data_bytes;
    node.key = page.subspan(key_at, key_bytes);
    node.data = page.subspan(key_at + key_bytes, data_inside);
    node.begin = at;
    node.end = (key_at + key_bytes + data_inside + 1) / 2 * 2; // nodes begin at even offsets
    return node.end <= page.size() ? std::optional(node) : std::nullopt;
}

namespace {

/// Which of the file's trees: their entries mean different things.
enum class TreeKind { free_pages, tables, entries };

struct Walk {
    TreeKind kind;
    const Tree& tree;
    const EntryChecksum* checksum = nullptr; ///< of a table's entries
    std::uint64_t branch_pages = 0, leaf_pages = 0, overflow_pages = 0, entries = 0;
    std::optional<Bytes> last_key; ///< in order, over the whole tree
};

/// Keys that a page may hold: from `low` on, and below `high`; without one where that is empty.
struct Bounds {
    ByteView low, high;
};

class FileChecker {
public:
    explicit FileChecker(ByteView file) : file_(file) {}

    Result<LmdbFileReport> run() {
        TRY_VOID(choose_meta());
        TRY_VOID(make_owners());
        TRY_VOID(walk(TreeKind::free_pages, meta_.free, "the list of free pages", nullptr));
        TRY_VOID(walk(TreeKind::tables, meta_.main, "the list of tables", nullptr));
        if (!commit_seen_) return fail(ErrorCode::malformed, "no commit record");
        for (const auto& [name, tree] : tables_) {
            const EntryChecksum checksum(name);
            TRY_VOID(walk(TreeKind::entries, tree, "table " + name, &checksum));
            report_.tables.push_back({name, tree.entries});
        }
        const auto lost = std::ranges::find(owned_, false);
        if (lost != owned_.end())
            return damaged(static_cast<std::uint64_t>(lost - owned_.begin()), "is neither used nor free");
        return std::move(report_);
    }

private:
    static std::unexpected<Error> damaged(std::uint64_t page, const std::string& what) {
        return fail(ErrorCode::malformed, "page " + std::to_string(page) + " " + what);
    }

    Result<Meta> read_meta(std::uint64_t number, std::size_t at) {
        if (file_.size() < at + kPageHeaderBytes + kMetaBytes) return damaged(number, "is beyond the end of the file");
        const Meta meta = Meta::read_from(file_.subspan(at));
        if (meta.magic != kMagic || meta.page_flags != kPageMeta || meta.page_number != number)
            return damaged(number, "is not a meta page");
        if (meta.version != kDataVersion)
            return fail(ErrorCode::unsupported, "version " + std::to_string(meta.version) + " of the format");
        if (meta.free.pad < 512 || meta.free.pad > 65536 || !std::has_single_bit(meta.free.pad))
            return damaged(number, "states pages of " + std::to_string(meta.free.pad) + " bytes");
        if (meta.free.flags != kIntegerKey || meta.main.flags != 0 || meta.main.pad != 0 || meta.address != 0)
            return damaged(number, "has flags that no database of ours has");
        if (meta.commit % 2 != number) return damaged(number, "holds commit " + std::to_string(meta.commit));
        return meta;
    }

    Result<void> choose_meta() {
        const Meta first = TRY(read_meta(0, 0));
        page_bytes_ = first.free.pad;
        const Meta second = TRY(read_meta(1, page_bytes_));
        if (second.free.pad != page_bytes_) return damaged(1, "states another page size");
        const Meta& older = first.commit < second.commit ? first : second;
        meta_ = first.commit < second.commit ? second : first;
        if (meta_.commit - older.commit != 1)
            return damaged(older.commit % 2, "holds commit " + std::to_string(older.commit) + " beside commit " +
                                                 std::to_string(meta_.commit));
        report_.commits = meta_.commit;
        return {};
    }

    Result<void> make_owners() {
        // Pages beyond the end of the file are free, so something in the file names each.
        const std::uint64_t pages_max = file_.size() / page_bytes_ + file_.size() / sizeof(std::uint64_t);
        if (meta_.last_page < 1 || meta_.last_page >= pages_max)
            return damaged(meta_.commit % 2, "says that page " + std::to_string(meta_.last_page) + " is the last");
        if (meta_.map_bytes / page_bytes_ <= meta_.last_page) return damaged(meta_.commit % 2, "has too small a map");
        owned_.assign(meta_.last_page + 1, false);
        owned_[0] = owned_[1] = true;
        report_.pages = owned_.size();
        return {};
    }

    Result<void> own(std::uint64_t page) {
        if (page >= owned_.size()) return damaged(page, "is beyond the last page");
        if (owned_[page]) return damaged(page, "is used twice, or used and free");
        owned_[page] = true;
        return {};
    }

    /// One page, or a run of them, that something in use names.
    Result<ByteView> used_pages(std::uint64_t page, std::uint64_t count) {
        if (count == 0 || count > owned_.size()) return damaged(page, "begins a run of " + std::to_string(count));
        for (std::uint64_t i = 0; i < count; ++i) TRY_VOID(own(page + i));
        if ((page + count) * page_bytes_ > file_.size()) return damaged(page, "is beyond the end of the file");
        const ByteView bytes = file_.subspan(page * page_bytes_, count * page_bytes_);
        if (read<std::uint64_t>(bytes, 0) != page || read<std::uint16_t>(bytes, 8) != 0)
            return damaged(page, "is not the page it should be");
        return bytes;
    }

    Result<void> walk(TreeKind kind, const Tree& tree, const std::string& name, const EntryChecksum* checksum) {
        Walk state{.kind = kind, .tree = tree, .checksum = checksum, .last_key = {}};
        if (tree.root == kNoPage) {
            if (tree.depth != 0) return fail(ErrorCode::malformed, name + ": has a depth but no page");
        } else {
            if (tree.depth == 0 || tree.depth > kDepthMax)
                return fail(ErrorCode::malformed, name + ": depth " + std::to_string(tree.depth));
            if (auto walked = check_page(state, tree.root, 1, {}); !walked) return fail_in(name, walked.error());
        }
        if (state.branch_pages != tree.branch_pages || state.leaf_pages != tree.leaf_pages ||
            state.overflow_pages != tree.overflow_pages || state.entries != tree.entries)
            return fail(ErrorCode::malformed, name + ": holds other numbers of pages or entries than it states");
        return {};
    }

    // Depth is at most kDepthMax and no page is entered twice.
    Result<void> check_page(Walk& state, std::uint64_t number, std::size_t depth, Bounds bounds) {
        const ByteView page = TRY(used_pages(number, 1));
        const bool is_leaf = depth == state.tree.depth;
        if (read<std::uint16_t>(page, 10) != (is_leaf ? kPageLeaf : kPageBranch))
            return damaged(number, is_leaf ? "is not a leaf" : "is not a branch");
        ++(is_leaf ? state.leaf_pages : state.branch_pages);
        const std::vector<Node> nodes = TRY(read_nodes(number, page, is_leaf));
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            if (is_leaf) {
                TRY_VOID(check_order(state, number, nodes[i].key, bounds));
                if (auto checked = check_entry(state, number, nodes[i]); !checked) return checked;
                continue;
            }
            // The first key of a branch says nothing: LMDB leaves it empty or stale.
            const Bounds below = {i == 0 ? bounds.low : nodes[i].key,
                                  i + 1 < nodes.size() ? nodes[i + 1].key : bounds.high};
            if (i > 0 && below.low.empty()) return damaged(number, "has an empty key");
            TRY_VOID(check_page(state, nodes[i].child, depth + 1, below));
        }
        return {};
    }

    Result<std::vector<Node>> read_nodes(std::uint64_t number, ByteView page, bool is_leaf) {
        const std::size_t lower = read<std::uint16_t>(page, 12);
        const std::size_t upper = read<std::uint16_t>(page, 14);
        if (lower < kPageHeaderBytes + 2 || lower % 2 != 0 || upper < lower || upper > page.size())
            return damaged(number, "has bounds " + std::to_string(lower) + " and " + std::to_string(upper));
        std::vector<Node> nodes;
        std::vector<std::pair<std::size_t, std::size_t>> places;
        for (std::size_t at = kPageHeaderBytes; at < lower; at += 2) {
            const auto node = read_node(page, read<std::uint16_t>(page, at), is_leaf);
            if (!node || node->begin < upper || node->key.size() > kKeyBytesMax)
                return damaged(number, "has an entry that does not lie within it");
            nodes.push_back(*node);
            places.emplace_back(node->begin, node->end);
        }
        std::ranges::sort(places);
        std::size_t end = upper; // the entries fill the page to its end, without gap
        for (const auto& [begin, next] : places) {
            if (begin != end) return damaged(number, "has entries that overlap, or bytes between them");
            end = next;
        }
        if (end != page.size()) return damaged(number, "has bytes behind its entries");
        return nodes;
    }

    static bool in_order(TreeKind kind, ByteView a, ByteView b) { // a < b
        if (kind == TreeKind::free_pages) return read<std::uint64_t>(a, 0) < read<std::uint64_t>(b, 0);
        return std::ranges::lexicographical_compare(a, b);
    }

    Result<void> check_order(Walk& state, std::uint64_t page, ByteView key, Bounds bounds) {
        const auto right_size = [&](ByteView bound) { return bound.empty() || bound.size() == sizeof(std::uint64_t); };
        if (key.empty()) return damaged(page, "has an empty key");
        if (state.kind == TreeKind::free_pages &&
            (key.size() != sizeof(std::uint64_t) || !right_size(bounds.low) || !right_size(bounds.high)))
            return damaged(page, "has a key that is no commit number");
        const bool above = bounds.low.empty() || !in_order(state.kind, key, bounds.low);
        const bool below = bounds.high.empty() || in_order(state.kind, key, bounds.high);
        const bool ascending = !state.last_key || in_order(state.kind, *state.last_key, key);
        if (!above || !below || !ascending) return damaged(page, "has keys out of order");
        state.last_key.emplace(key.begin(), key.end());
        ++state.entries;
        return {};
    }

    Result<void> check_entry(Walk& state, std::uint64_t page, const Node& node) {
        if (node.flags != 0 && node.flags != kNodeOverflow &&
            !(node.flags == kNodeTable && state.kind == TreeKind::tables))
            return damaged(page, "has an entry with flags that none has");
        const ByteView data = TRY(data_of(state, node));
        switch (state.kind) {
            case TreeKind::free_pages: return check_free(page, node.key, data);
            case TreeKind::tables: return check_table(page, node, data);
            case TreeKind::entries: break;
        }
        if (!state.checksum->value_of(node.key, data)) return damaged(page, "has an entry that fails its checksum");
        return {};
    }

    Result<ByteView> data_of(Walk& state, const Node& node) {
        if (node.flags != kNodeOverflow) return node.data;
        const auto first = read<std::uint64_t>(node.data, 0);
        const std::uint64_t needed = (kPageHeaderBytes - 1 + std::uint64_t{node.data_bytes}) / page_bytes_ + 1;
        if (first >= owned_.size() || (first + 1) * page_bytes_ > file_.size())
            return damaged(first, "is beyond the end of the file");
        const ByteView header = file_.subspan(first * page_bytes_, kPageHeaderBytes);
        const std::uint64_t pages = read<std::uint32_t>(header, 12); // more than needed after a shorter overwrite
        if (read<std::uint16_t>(header, 10) != kPageOverflow || pages < needed)
            return damaged(first, "is not the beginning of " + std::to_string(needed) + " overflow pages");
        const ByteView run = TRY(used_pages(first, pages));
        state.overflow_pages += pages;
        return run.subspan(kPageHeaderBytes, node.data_bytes);
    }

    Result<void> check_free(std::uint64_t page, ByteView key, ByteView list) {
        const auto commit = read<std::uint64_t>(key, 0);
        if (commit == 0 || commit > meta_.commit) return damaged(page, "lists pages freed by no commit");
        constexpr std::size_t kWord = sizeof(std::uint64_t);
        if (list.size() < kWord || list.size() % kWord != 0) return damaged(page, "has half a list of free pages");
        const auto count = read<std::uint64_t>(list, 0);
        if (count > list.size() / kWord - 1) return damaged(page, "lists more free pages than fit");
        std::uint64_t before = kNoPage; // LMDB lists them downwards
        for (std::uint64_t i = 1; i <= count; ++i) {
            const auto freed = read<std::uint64_t>(list, i * kWord);
            if (freed >= before) return damaged(page, "lists free pages out of order");
            TRY_VOID(own(freed));
            before = freed;
        }
        report_.free_pages += count;
        return {};
    }

    Result<void> check_table(std::uint64_t page, const Node& node, ByteView data) {
        const std::string name(as_string_view(node.key));
        if (node.flags != kNodeTable) {
            if (!is_commit_record(name, data, meta_.commit)) return damaged(page, "has another commit record");
            commit_seen_ = true;
            return {};
        }
        if (!check_table_name(name) || data.size() != kTreeBytes) return damaged(page, "has a table that is none");
        const Tree tree = Tree::read_from(data);
        if (tree.flags != 0 || tree.pad != 0) return damaged(page, "has a table with flags that none has");
        tables_.emplace_back(name, tree);
        return {};
    }

    ByteView file_;
    std::size_t page_bytes_ = 0;
    Meta meta_{};
    std::vector<bool> owned_; ///< by a tree, a list of free pages or the format itself
    std::vector<std::pair<std::string, Tree>> tables_;
    bool commit_seen_ = false;
    LmdbFileReport report_;
};

} // namespace

Result<LmdbFileReport> check_lmdb_file(ByteView file) {
    if constexpr (std::endian::native == std::endian::big)
        return fail(ErrorCode::unsupported, "files are checked on little-endian machines only");
    return FileChecker(file).run();
}

Result<LmdbFileReport> check_lmdb_folder(const std::filesystem::path& folder) {
    install_damage_handlers();
    const std::filesystem::path path = folder / "data.mdb";
    const Descriptor lock(::open((folder / "owner.lock").c_str(), O_RDWR | O_CLOEXEC));
    if (lock.is_open() && ::flock(lock.number(), LOCK_EX | LOCK_NB) != 0)
        return fail(ErrorCode::io, folder.string() + ": in use");
    const MappedFile file = TRY(MappedFile::open(path));
    const std::string name = path.string();
    const DamageGuard guard(name.c_str());
    auto report = check_lmdb_file(file.bytes());
    if (!report) return fail_in(name + ": damaged", report.error());
    return report;
}

} // namespace assay::storage
