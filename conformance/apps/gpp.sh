#!/bin/bash
#: needs: g++
#: limit: 240
#: quick
# Exceptions through signal frames and threads, futures, atomics, iostreams, filesystem.
cat >p.cc <<'C'
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>
#include <vector>
struct Noisy { int n; ~Noisy() { std::cout << 'd' << n; } };
static int deep(int n) { Noisy x{n}; if (n == 0) throw std::runtime_error("deep"); return deep(n - 1) + 1; }
static void thrower(int) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGSEGV); sigprocmask(SIG_UNBLOCK, &s, nullptr); throw 42; }
int main() {
    try { deep(5); } catch (std::exception &e) { std::cout << ' ' << e.what() << '\n'; }
    int caught = 0;
    for (int i = 0; i < 5000; i++) try { throw i; } catch (int n) { caught += n == i; }
    std::cout << caught << '\n';
    std::signal(SIGSEGV, thrower); int segs = 0;
    for (int i = 0; i < 50; i++) { std::signal(SIGSEGV, thrower); try { volatile int *p = nullptr; *p = 1; } catch (int n) { segs += n == 42; } }
    std::cout << "segs " << segs << '\n';
    std::vector<std::thread> ts; std::atomic<long> total{0}; std::exception_ptr kept;
    for (int i = 0; i < 16; i++) ts.emplace_back([&, i] { for (int k = 0; k < 10000; k++) total += i; try { throw std::out_of_range("t"); } catch (...) { if (i == 3) kept = std::current_exception(); } });
    for (auto &t : ts) t.join();
    try { std::rethrow_exception(kept); } catch (std::out_of_range &e) { std::cout << total << ' ' << e.what() << '\n'; }
    std::vector<std::future<int>> fs; for (int i = 0; i < 20; i++) fs.push_back(std::async(std::launch::async, [i] { if (i == 7) throw 7; return i; }));
    int sum = 0; for (auto &f : fs) try { sum += f.get(); } catch (int n) { sum += 100 * n; } std::cout << sum << '\n';
    std::mutex m; std::condition_variable c; bool ready = false; std::thread w([&] { std::unique_lock l(m); c.wait(l, [&] { return ready; }); std::cout << "woken\n"; });
    { std::lock_guard l(m); ready = true; } c.notify_one(); w.join();
    { std::unique_lock l(m); std::cout << (c.wait_for(l, std::chrono::milliseconds(20)) == std::cv_status::timeout) << '\n'; }
    namespace fs_ = std::filesystem; fs_::create_directories("a/b"); std::ofstream("a/b/f") << "text " << 3.5; std::string s; std::getline(std::ifstream("a/b/f"), s);
    std::cout << s << ' ' << fs_::file_size("a/b/f") << ' ' << fs_::remove_all("a") << std::endl;
    auto f = []() noexcept { throw 1; }; std::set_terminate([] { std::cout << "terminate" << std::endl; std::abort(); }); f();
}
C
g++ -std=c++17 -O1 -w p.cc -fnon-call-exceptions -o p -lpthread && ./p; echo "status $?"
