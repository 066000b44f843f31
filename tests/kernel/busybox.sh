# For busybox sh: its own tools, pipes, files, directories, an archive, exit statuses.
echo start; x=5; echo $((x * 7)); for i in 3 1 2; do echo line $i; done | sort | sed 's/line/L/'
echo abc >f; cat f f | wc; ls -l f | awk '{ print $1, $5, $9 }'
seq 1 2000 | sha256sum; seq 1 1000 | gzip | gunzip | md5sum
mkdir -p d/e; echo 1 >d/a; echo 2 >d/e/b; tar cf t.tar d; rm -r d; tar tf t.tar | sort; tar xf t.tar; cat d/a d/e/b
ln -s a d/link; readlink d/link; mv d/link d/other; cat d/other; find d | sort; chmod 640 d/a; stat -c '%A %s' d/a
(exit 7); echo $?; sh -c 'kill -9 $$' 2>/dev/null; echo $?; cd d/e && basename "$(pwd)"
seq 1 300 | sort -rn | head -3; dd if=/dev/zero bs=1000 count=3 2>/dev/null | wc -c; cat missing 2>/dev/null || echo none
tr a-z A-Z; exit 3
