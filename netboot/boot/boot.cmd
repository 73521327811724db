# U-Boot's boot script: `piman netboot import` makes boot.scr.uimg of it (mkimage -T script), which U-Boot's DHCP boot
# asks for by itself. Kernel arguments come from uboot.txt, which is rendered for each node.
# Nothing is loaded to scriptaddr: this script runs from there.
# Several blocks for each acknowledgement: a server that gets its turn late, on a busy machine, costs as many times less.
setenv tftpwindowsize 8
if tftpboot ${ramdisk_addr_r} uboot.txt; then
  env import -t ${ramdisk_addr_r} ${filesize} bootargs
else
  setenv bootargs "ip=dhcp root=/dev/initrd master=${serverip}"
fi
# On a Pi the firmware has left the device tree at fdt_addr; elsewhere U-Boot runs with the board's own.
if test -n "${fdt_addr}"; then
  setenv piman_fdt ${fdt_addr}
else
  setenv piman_fdt ${fdtcontroladdr}
fi
for piman_kernel in kernel8.img vmlinuz; do
  if tftpboot ${kernel_addr_r} ${piman_kernel}; then
    if tftpboot ${ramdisk_addr_r} initramfs.gz; then
      booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${piman_fdt}
    fi
  fi
done
echo piman: loading failed, again in 10 seconds
sleep 10
reset
