/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended attributes, where there are none: of a file of /proc, which has none on the host either. */
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char file[] = "/proc/version", link_name[] = "/proc/mounts", name[] = "user.name";
static char text[100], large[70000];
static char *volatile nowhere = (char *)8;

int main(void)
{
	int fd = open(file, O_RDONLY);
	char many[300];

	memset(many, 'a', sizeof(many));
	many[299] = 0;
	result("set", setxattr(file, name, "x", 1, 0));
	result("set, open", fsetxattr(fd, name, "x", 1, 0));
	result("get", getxattr(file, name, text, sizeof(text)));
	result("get, open", fgetxattr(fd, name, text, sizeof(text)));
	result("size", getxattr(file, name, NULL, 0));
	result("list", listxattr(file, text, sizeof(text)));
	result("list, link", llistxattr(link_name, text, sizeof(text)));
	result("list, open", flistxattr(fd, NULL, 0));
	result("remove", removexattr(file, name));
	result("remove, open", fremovexattr(fd, name));
	result("not there", setxattr("/proc/none", name, "x", 1, 0));
	result("not there", getxattr("/proc/none", name, text, sizeof(text)));
	result("not there", listxattr("/proc/none", text, sizeof(text)));
	result("not open", fsetxattr(99, name, "x", 1, 0));
	result("not open", fgetxattr(99, name, text, sizeof(text)));
	result("not open", fremovexattr(99, name));
	result("no name", getxattr(file, "", text, sizeof(text)));
	result("no name", setxattr(file, "", "x", 1, 0));
	result("long name", getxattr(file, many, text, sizeof(text)));
	result("long name", removexattr(file, many));
	result("name from nowhere", getxattr(file, nowhere, text, sizeof(text)));
	result("value from nowhere", setxattr(file, name, nowhere, 1, 0));
	result("large", setxattr(file, name, large, 65537, 0));
	result("flags", setxattr(file, name, "x", 1, 4));
	return 0;
}
