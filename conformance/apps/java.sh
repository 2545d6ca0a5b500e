#!/bin/bash
#: needs: java javac
#: limit: 300
# Threads, null pointers that trap in compiled code, stack overflow, processes, collections under garbage.
export HOME=$PWD
cat >M.java <<'J'
import java.io.*; import java.net.*; import java.nio.file.*; import java.util.*; import java.util.concurrent.*; import java.util.concurrent.atomic.*; import java.util.stream.*;
public class M {
    int field = 3; static int get(M m) { return m.field; } static int depth; static void deep() { depth++; deep(); } static int div(int a, int b) { return a / b; }
    public static void main(String[] args) throws Exception {
        int npe = 0, ok = 0; M m = new M();
        for (int i = 0; i < 200000; i++) { try { ok += get(i % 1000 == 7 ? null : m); } catch (NullPointerException e) { npe++; } }
        System.out.println(ok + " " + npe);
        int dz = 0; for (int i = 0; i < 100000; i++) { try { div(i, i % 1000); } catch (ArithmeticException e) { dz++; } } System.out.println(dz);
        for (int i = 0; i < 3; i++) { depth = 0; try { deep(); } catch (StackOverflowError e) { System.out.println(depth > 1000); } }
        ExecutorService e = Executors.newFixedThreadPool(8); List<Future<Long>> fs = new ArrayList<>();
        for (int i = 0; i < 40; i++) { final int n = i; fs.add(e.submit(() -> LongStream.range(0, 20000 + n).sum())); } long s = 0; for (Future<Long> f : fs) s += f.get(); e.shutdown(); System.out.println(s);
        AtomicInteger c = new AtomicInteger(); Thread[] ts = new Thread[30]; for (int i = 0; i < 30; i++) { ts[i] = new Thread(() -> { for (int k = 0; k < 1000; k++) { synchronized (M.class) { c.incrementAndGet(); } } }); ts[i].start(); } for (Thread t : ts) t.join(); System.out.println(c);
        System.out.println(IntStream.range(0, 100000).parallel().map(x -> x % 7).sum());
        long bytes = 0; List<byte[]> keep = new ArrayList<>(); for (int i = 0; i < 3000; i++) { byte[] b = new byte[100000]; bytes += b.length; if (i % 50 == 0) keep.add(b); } System.gc(); System.out.println(bytes + " " + keep.size());
        Process p = new ProcessBuilder("sh", "-c", "cat; exit 6").start(); p.getOutputStream().write("in\n".getBytes()); p.getOutputStream().close(); System.out.println(new BufferedReader(new InputStreamReader(p.getInputStream())).readLine() + " " + p.waitFor());
        ServerSocket ss = new ServerSocket(0, 5, InetAddress.getLoopbackAddress()); Thread t = new Thread(() -> { try (Socket k = ss.accept()) { k.getInputStream().transferTo(k.getOutputStream()); } catch (IOException x) { } }); t.start();
        try (Socket k = new Socket(ss.getInetAddress(), ss.getLocalPort())) { k.getOutputStream().write("echo".getBytes()); k.shutdownOutput(); System.out.println(new String(k.getInputStream().readAllBytes())); } t.join();
        Files.writeString(Path.of("f"), "text"); System.out.println(Files.size(Path.of("f")) + " " + Files.list(Path.of(".")).count());
        Thread sl = new Thread(() -> { try { Thread.sleep(9000); } catch (InterruptedException x) { System.out.println("interrupted"); } }); sl.start(); Thread.sleep(50); sl.interrupt(); sl.join();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook"))); System.exit(17);
    }
}
J
javac M.java && java -Xmx256m M; echo "status $?"; java -Xint -Xmx128m M 2>&1 | sha256sum
cat >S.java <<'J'
public class S { public static void main(String[] a) throws Exception { Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook"))); System.out.println("up"); System.out.flush(); Thread.sleep(20000); } }
J
javac S.java; java -Xmx64m S >out & p=$!; for _ in $(seq 200); do grep -q up out && break; sleep 0.1; done; kill -TERM $p; wait $p; echo "status $?"; cat out
